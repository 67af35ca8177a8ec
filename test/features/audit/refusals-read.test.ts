import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { accessesTo } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 10)
const [toulouse, brest] = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-29' })]
for (const place of [toulouse, brest]) must(201, await world.count(place, 100))

type Item = Record<string, unknown>

const audit = (token: string | undefined, query = '') => call('GET', `/v1/audit/refusals${query}`, { token })
const items = async (token: string, query = ''): Promise<Item[]> => must(200, await audit(token, query)).body.items
const regulator = (subject: string, territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject, territories, professions })
const practice = (territory: string) => ({ practice: { ...CENTRE, territory } })

const occitanie = await regulator('ars-occitanie', ['FR-OCC'])
const bretagne = await regulator('ars-bretagne', ['FR-BRE'])

t.test('in the remit by the territories of practice and pharmacy, and by professions if limited', async (t) => {
  const [local, breton] = [await world.professional(1), await world.professional(2, practice('FR-29'))]
  must(409, await world.dispense(brest, local.id, 11))
  must(409, await world.dispense(brest, breton.id, 11))
  const seen = async (token: string) => (await items(token)).map(({ professional }) => professional)
  t.strictSame(await seen(bretagne), [breton.id, local.id])
  t.strictSame(await seen(occitanie), [local.id])
  t.strictSame(await seen(await regulator('nurses', ['FR-BRE'], ['60'])), [breton.id, local.id])
  t.strictSame(await seen(await regulator('doctors', ['FR-BRE'], ['10'])), [])
  t.strictSame(await seen(await regulator('ars-paris', ['FR-IDF'])), [])
  t.strictSame(await seen(await regulator('nobody', [])), [])
})

t.test('the territories are frozen in it: a professional that moves takes none of it along', async (t) => {
  const mover = await world.professional(3, practice('FR-29'))
  must(409, await world.dispense(brest, mover.id, 11))
  const body = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active' }
  const moved = { token: world.admin, body: { ...body, ...practice('FR-31') } }
  must(200, await call('PUT', `/v1/professionals/${mover.id}`, moved))
  const of = `?professional=${mover.id}`
  t.equal((await items(bretagne, of)).length, 1)
  t.strictSame(await items(occitanie, of), [])
})

t.test('who has no practice is in the remit of the pharmacy, or of the one nearest to the place', async (t) => {
  const homeless = await world.professional(4, { practice: undefined })
  const near = { latitude: CENTRE.latitude, longitude: CENTRE.longitude + 2 * 0.0124 }
  must(409, await world.reserve(homeless.token, { quantity: 11, near }))
  must(409, await world.reserve(homeless.token, { quantity: 11, pharmacy: toulouse.finess }))
  const of = `?professional=${homeless.id}`
  t.match(await items(bretagne, of), [{ verb: 'reservation', pharmacy: null }])
  t.match(await items(occitanie, of), [{ verb: 'reservation', pharmacy: toulouse.finess }])
})

t.test('selected by time, pharmacy, professional, product and code', async (t) => {
  const nurse = await world.professional(5, { otherIds: [adeli(5)] })
  must(409, await world.dispense(toulouse, nurse.id, 11))
  must(409, await world.dispense(brest, nurse.id, 0, { lines: [{ product: 'ffp2', quantity: 1 }] }))
  must(409, await world.dispense(brest, adeli(5), 12))
  const of = `?professional=${nurse.id}`
  const all = await items(occitanie, of)
  t.match(all, [{ quantity: 12 }, { code: 'stock_insufficient' }, { quantity: 11 }])
  t.equal(all[0]?.professional, nurse.id, 'by the number it goes by now')
  const [newest, second, oldest] = all
  for (const [query, expected] of [
    [`&pharmacy=${brest.finess}`, [newest, second]],
    [`&pharmacy=${brest.finess}&product=surgical`, [newest]],
    ['&product=ffp2', [second]],
    ['&code=entitlement_exceeded', [newest, oldest]],
    [`&from=${second?.at}`, [newest, second]],
    [`&to=${second?.at}`, [oldest]],
  ] as const) {
    t.strictSame(await items(occitanie, of + query), expected, query)
  }
  t.strictSame(await items(occitanie, `?professional=${adeli(5)}`), all)
  t.strictSame(await items(occitanie, `?pharmacy=${brest.finess}&product=ffp2`), [second])
})

t.test('each reading is recorded for each professional shown, and what was sought in vain', async (t) => {
  const [nurse, stranger] = [await world.professional(6), await world.professional(7, practice('FR-29'))]
  for (const _ of range(2)) must(409, await world.dispense(toulouse, nurse.id, 11))
  must(409, await world.dispense(brest, stranger.id, 11))
  const token = await regulator('inspector', ['FR-31'])
  const request = { token, headers: { 'x-operator': 'desk-4' } }
  must(200, await call('GET', '/v1/audit/refusals?limit=2', request))
  const access = { kind: 'refusals', reader_role: 'regulator', reader: 'inspector', operator: 'desk-4' }
  t.match(await accessesTo(db, nurse.id), [{ ...access, outcome: 'shown' }], 'once, however many of its refusals')
  t.strictSame(await accessesTo(db, stranger.id), [])
  for (const id of [stranger.id, rpps(999)])
    must(200, await call('GET', `/v1/audit/refusals?professional=${id}`, request))
  t.match(await accessesTo(db, stranger.id), [{ ...access, outcome: 'not_found' }])
  t.match((await accessesTo(db, rpps(999))).at(-1), { ...access, outcome: 'not_found' })
})

t.test('20 a page if not said, and cursors lead through all, each once', async (t) => {
  const nurse = await world.professional(8)
  for (const _ of range(23)) must(409, await world.dispense(toulouse, nurse.id, 11))
  for (const query of [`?professional=${nurse.id}`, `?pharmacy=${toulouse.finess}&professional=${nurse.id}`]) {
    const first = must(200, await audit(occitanie, query)).body
    const second = must(200, await audit(occitanie, `${query}&cursor=${first.nextCursor}`)).body
    t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 3, null])
    t.strictSame([...first.items, ...second.items], await items(occitanie, `${query}&limit=100`))
  }
})

t.test('400: wrong parameters are refused by name', async (t) => {
  for (const [query, path] of [
    ['?limit=0', 'limit'],
    ['?cursor=x', 'cursor'],
    ['?from=yesterday', 'from'],
    ['?to=2026-02-30T00:00:00Z', 'to'],
    ['?pharmacy=310000000', 'pharmacy'],
    ['?professional=123', 'professional'],
    ['?product=No', 'product'],
    ['?code=internal', 'code'],
  ] as const) {
    t.match(await audit(occitanie, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await audit(occitanie, '?reader=1'), { status: 400, body: { detail: /reader/ } })
})

t.test('401 without a token; 403 for every other role', async (t) => {
  const nurse = await world.professional(9)
  t.equal((await audit(undefined)).status, 401)
  for (const token of [toulouse.token, nurse.token, world.admin]) {
    t.match(await audit(token), { status: 403, body: { code: 'forbidden' } })
  }
})
