import t from 'tap'
import { rpps } from '../../support/numbers.ts'
import { accessesTo } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)
const [toulouse, brest] = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-29' })]
for (const place of [toulouse, brest]) must(201, await world.count(place, 1_000))

type Access = Record<string, unknown> & { id: string; reader: { subject: string } }

const audit = (token: string | undefined, query = '') => call('GET', `/v1/audit/accesses${query}`, { token })
const items = async (token: string, query = ''): Promise<Access[]> => must(200, await audit(token, query)).body.items
const regulator = (subject: string, territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject, territories, professions })
const history = (id: string, token: string) => call('GET', `/v1/professionals/${id}/history`, { token })
const check = (place: { token: string }, professional: string) =>
  call('POST', '/v1/dispensation-checks', { token: place.token, body: dispensationBody(professional, 1) })
const breton = { practice: { ...CENTRE, territory: 'FR-29' } }

const occitanie = await regulator('ars-occitanie', ['FR-OCC'])
const bretagne = await regulator('ars-bretagne', ['FR-BRE'])

t.test('404 for a Breton professional served in Bretagne, and all who may know learn of the attempt', async (t) => {
  const nurse = await world.professional(1, breton)
  must(201, await world.dispense(brest, nurse.id, 2))
  t.match(await history(nurse.id, occitanie), { status: 404, body: { code: 'not_found' } })
  const attempt = { kind: 'history', outcome: 'not_found', reader: { role: 'regulator', subject: 'ars-occitanie' } }
  t.match(await items(bretagne), [{ ...attempt, professional: nurse.id }], 'the regulator whose remit it is')
  t.match(await items(occitanie), [{ ...attempt, professional: null }], 'the one that asked, as its own')
  const own = await call('GET', '/v1/accesses/me', { token: nurse.token })
  const reading = { kind: 'accesses', outcome: 'shown', reader: { role: 'regulator', subject: 'ars-bretagne' } }
  t.match(own.body.items, [reading, attempt], 'the professional, and who read of it')
  t.strictSame(await items(await regulator('ars-paris', ['FR-IDF'])), [], 'nobody else')
})

t.test('a person is in the remit by its practice, or by an entry, wherever somebody looked', async (t) => {
  const [local, visitor, stranger] = [
    await world.professional(2),
    await world.professional(3, breton),
    await world.professional(4, breton),
  ]
  must(201, await world.dispense(toulouse, visitor.id, 1))
  for (const { id } of [local, visitor, stranger]) must(200, await check(brest, id))
  const seen = async (token: string) =>
    (await items(token, '?kind=dispensation_check')).map(({ professional }) => professional)
  t.strictSame(await seen(occitanie), [visitor.id, local.id])
  t.strictSame(await seen(bretagne), [stranger.id, visitor.id])
  t.strictSame(await seen(await regulator('nurses', ['FR-OCC'], ['60'])), [visitor.id, local.id])
  t.strictSame(await seen(await regulator('doctors', ['FR-OCC'], ['10'])), [])
  t.strictSame(await seen(await regulator('nobody', [])), [])
  t.match((await items(occitanie, '?kind=dispensation_check'))[0], {
    reader: { role: 'pharmacy', subject: `till-${brest.finess}` },
    pharmacy: brest.finess,
    outcome: 'allow',
  })
})

t.test('one’s own accesses are there also where they found nobody', async (t) => {
  const token = await regulator('seeker', ['FR-OCC'])
  const nobody = seededUuid()
  for (const path of [`/v1/professionals/${rpps(999)}/history`, `/v1/dispensations/${nobody}`])
    t.equal((await call('GET', path, { token })).status, 404)
  const attempt = { professional: null, reader: { role: 'regulator', subject: 'seeker' }, outcome: 'not_found' }
  t.match(await items(token, '?reader=seeker'), [
    { ...attempt, kind: 'dispensation' },
    { ...attempt, kind: 'history' },
  ])
  t.strictSame(await items(occitanie, '?reader=seeker'), [], 'but not another’s')
})

t.test('a till that bears a regulator’s name is not taken for it', async (t) => {
  const stranger = await world.professional(5, breton)
  const till = await service.token({ role: 'pharmacy', subject: 'ars-occitanie', finess: [brest.finess] })
  must(200, await check({ token: till }, stranger.id))
  t.strictSame(await items(occitanie, '?reader=ars-occitanie&kind=dispensation_check'), [])
  t.equal((await items(bretagne, '?reader=ars-occitanie&kind=dispensation_check')).length, 1)
})

t.test('selected by time, reader and kind', async (t) => {
  const nurse = await world.professional(6)
  for (const subject of ['first', 'second', 'third']) {
    must(200, await history(nurse.id, await regulator(subject, ['FR-OCC'])))
    must(200, await check(toulouse, nurse.id))
  }
  const [newest, , second] = await items(occitanie, `?professional=${nurse.id}&kind=history`)
  t.match(newest, { reader: { subject: 'third' } })
  const from = `from=${second?.at}`
  const subjects = async (query: string) =>
    (await items(occitanie, `?kind=history&${query}`)).map(({ reader }) => reader.subject)
  t.ok((await subjects(from)).includes(String(second?.reader.subject)), 'from is inclusive')
  t.notOk((await subjects(`to=${second?.at}`)).includes('third'), 'to is exclusive')
  t.strictSame(await subjects('reader=second'), ['second'])
  t.strictSame(await subjects(`professional=${nurse.id}&reader=first`), ['first'])
  t.strictSame(await subjects('from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z'), [])
})

t.test('a list about one person is itself recorded; outside the remit it is empty, as for nobody', async (t) => {
  const [nurse, stranger] = [await world.professional(7), await world.professional(8, breton)]
  must(200, await check(toulouse, nurse.id))
  must(200, await check(brest, stranger.id))
  t.match(await items(occitanie, `?professional=8${nurse.id}`), [
    { kind: 'accesses', professional: nurse.id, reader: { subject: 'ars-occitanie' }, outcome: 'shown' },
    { kind: 'dispensation_check', professional: nurse.id },
  ])
  for (const id of [stranger.id, rpps(998)]) t.strictSame(await items(occitanie, `?professional=${id}`), [])
  t.match((await accessesTo(db, stranger.id))[1], { kind: 'accesses', reader: 'ars-occitanie', outcome: 'not_found' })
  const before = await accessesTo(db, nurse.id)
  await items(occitanie)
  t.strictSame(await accessesTo(db, nurse.id), before, 'a list about nobody in particular is not')
})

t.test('20 a page if not said, and cursors lead through all, each once', async (t) => {
  const nurse = await world.professional(9)
  const token = await regulator('pages', ['FR-OCC'])
  await Promise.all(range(23).map(() => history(nurse.id, token)))
  const first = must(200, await audit(token, '?reader=pages')).body
  const second = must(200, await audit(token, `?reader=pages&cursor=${first.nextCursor}`)).body
  t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 3, null])
  t.strictSame([...first.items, ...second.items], await items(token, '?reader=pages&limit=100'))
})

t.test('400: wrong parameters are refused by name', async (t) => {
  for (const [query, path] of [
    ['?limit=101', 'limit'],
    ['?cursor=x', 'cursor'],
    ['?from=yesterday', 'from'],
    ['?to=2026-02-30T00:00:00Z', 'to'],
    ['?professional=123', 'professional'],
    ['?kind=gossip', 'kind'],
    ['?reader=', 'reader'],
  ] as const) {
    t.match(await audit(occitanie, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await audit(occitanie, '?pharmacy=1'), { status: 400, body: { detail: /pharmacy/ } })
})

t.test('401 without a token; 403 for every other role', async (t) => {
  const nurse = await world.professional(10)
  t.equal((await audit(undefined)).status, 401)
  for (const token of [toulouse.token, nurse.token, world.admin]) {
    t.match(await audit(token), { status: 403, body: { code: 'forbidden' } })
  }
})
