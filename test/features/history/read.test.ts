import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { accessesTo, asRead } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 1_000))

interface Item {
  id: string
  kind: string
  sequence: number
  entryHash: string
  previousHash: string | null
}

const own = (token: string | undefined, query = '') => call('GET', `/v1/professionals/me/history${query}`, { token })
const named = (id: string, token: string | undefined, query = '') =>
  call('GET', `/v1/professionals/${id}/history${query}`, { token })
const reverse = async (id: string) =>
  must(
    201,
    await call('POST', `/v1/dispensations/${id}/reversal`, {
      token: place.token,
      key: true,
      body: { kind: 'returned' },
    }),
  ).body

t.test('200: entries of every pharmacy, newest first, each chained to the one before', async (t) => {
  const nurse = await world.professional(1)
  const first = must(201, await world.dispense(place, nurse.id, 4)).body
  const second = must(201, await world.dispense(other, nurse.id, 2)).body
  const third = await reverse(first.id)
  const { status, body } = await own(nurse.token)
  t.equal(status, 200)
  t.strictSame(
    body.items.map(({ id, kind, sequence, pharmacy }: Item & { pharmacy: string }) => [id, kind, sequence, pharmacy]),
    [
      [third.id, 'reversal', 3, place.finess],
      [second.id, 'dispensation', 2, other.finess],
      [first.id, 'dispensation', 1, place.finess],
    ],
  )
  for (const [index, item] of body.items.entries()) {
    t.equal(item.previousHash, body.items[index + 1]?.entryHash ?? null)
    t.strictSame(item.flags, [])
  }
  const entry = asRead(second)
  t.strictSame(body.items[1], entry)
})

t.test('200: 20 a page if not said, and cursors lead through all, each once', async (t) => {
  const nurse = await world.professional(2)
  for (const _ of range(23)) must(201, await world.dispense(place, nurse.id, 1))
  for (const read of [
    (query: string) => own(nurse.token, query),
    (query: string) => named(nurse.id, world.regulator, query),
  ]) {
    const first = (await read('')).body
    const second = (await read(`?cursor=${first.nextCursor}`)).body
    t.strictSame([first.items.length, second.items.length, second.nextCursor], [20, 3, null])
    t.strictSame(
      [...first.items, ...second.items].map(({ sequence }) => sequence),
      range(23).map((n) => 23 - n),
    )
  }
})

t.test('200: a professional names itself by any of its numbers; 404 for anybody else', async (t) => {
  const nurse = await world.professional(3, { otherIds: [adeli(3)] })
  must(201, await world.dispense(place, nurse.id, 4))
  const mine = (await own(nurse.token)).body
  const older = await service.token({ role: 'professional', subject: adeli(3) })
  for (const answer of [await own(older), await named(`8${nurse.id}`, older), await named(adeli(3), nurse.token)]) {
    t.strictSame([answer.status, answer.body], [200, mine])
  }
  t.strictSame(await accessesTo(db, nurse.id), [], 'reading about oneself is not recorded')
  const colleague = await world.professional(4)
  t.match(await named(nurse.id, colleague.token), { status: 404, body: { code: 'not_found' } })
  t.match(await named(rpps(999), colleague.token), { status: 404, body: { code: 'not_found' } })
})

t.test('200: two persons that turn out to be one have one history, and both chains say so', async (t) => {
  const nurse = await world.professional(5)
  const practice = { ...CENTRE, territory: 'FR-31' }
  const body = {
    profession: '60',
    familyName: 'Martin',
    givenName: 'Camille',
    otherIds: [],
    practice,
    status: 'active',
  }
  must(201, await call('PUT', `/v1/professionals/${adeli(5)}`, { token: world.admin, body }))
  must(201, await world.dispense(place, adeli(5), 4))
  must(201, await world.dispense(other, nurse.id, 2))
  const put = { token: world.admin, body: { ...body, otherIds: [adeli(5)] } }
  must(200, await call('PUT', `/v1/professionals/${nurse.id}`, put))
  must(201, await world.dispense(place, adeli(5), 1))
  const { items } = (await own(nurse.token)).body
  t.strictSame(
    items.map(({ kind }: Item) => kind),
    ['dispensation', 'link', 'link', 'dispensation', 'dispensation'],
  )
  const older = await service.token({ role: 'professional', subject: adeli(5) })
  t.strictSame((await own(older)).body.items, items)
  t.strictSame((await named(adeli(5), world.regulator)).body.items, items)
})

t.test('200: each reading by a regulator is recorded, and each attempt', async (t) => {
  const nurse = await world.professional(6)
  must(201, await world.dispense(place, nurse.id, 4))
  const token = await service.token({ role: 'regulator', subject: 'inspector', territories: ['FR-31'] })
  const path = `/v1/professionals/${nurse.id}/history`
  must(200, await call('GET', path, { token, headers: { 'x-operator': 'desk-4' } }))
  must(200, await call('GET', path, { token }))
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  t.match(await named(nurse.id, bretagne), { status: 404, body: { code: 'not_found' } })
  const access = { kind: 'history', reader_role: 'regulator', reader: 'inspector', outcome: 'shown' }
  t.match(await accessesTo(db, nurse.id), [
    { ...access, operator: 'desk-4' },
    { ...access, operator: null },
    { kind: 'history', reader_role: 'regulator', reader: 'ars-bre', outcome: 'not_found' },
  ])
})

t.test('200: of entries outside the remit only the hashes are shown', async (t) => {
  const nurse = await world.professional(7)
  const brest = await world.pharmacy(7, { territory: 'FR-29' })
  must(201, await world.count(brest, 100))
  must(201, await world.dispense(place, nurse.id, 4))
  must(201, await world.dispense(brest, nurse.id, 2))
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  const { status, body } = await named(nurse.id, bretagne)
  t.equal(status, 200)
  t.match(body.items[0], { sequence: 2, pharmacy: brest.finess, lines: [{ quantity: 2 }] })
  t.strictSame(Object.keys(body.items[1]).sort(), ['entryHash', 'flags', 'previousHash', 'sequence'])
  t.equal(body.items[0].previousHash, body.items[1].entryHash)
})

t.test('404: outside the remit by territory or by profession, and for nobody, alike', async (t) => {
  const nurse = await world.professional(8, { practice: { ...CENTRE, territory: 'FR-31' } })
  const regulator = (territories: string[], professions: string[] = []) =>
    service.token({ role: 'regulator', subject: 'ars', territories, professions })
  t.equal((await named(nurse.id, await regulator(['FR-31'], ['60']))).status, 200)
  const nobody = await named(rpps(998), world.regulator)
  t.match(nobody, { status: 404, body: { code: 'not_found' } })
  for (const token of [await regulator(['FR-BRE']), await regulator([]), await regulator(['FR'], ['10'])]) {
    t.match(await named(nurse.id, token), { status: 404, body: { code: 'not_found', detail: nobody.body.detail } })
  }
})

t.test('400: a number that is none, a limit out of range, a forged cursor', async (t) => {
  const nurse = await world.professional(9)
  t.match(await named('123', world.regulator), { status: 400, body: { errors: [{ path: 'id' }] } })
  const id = '0197a000-0000-7000-8000-000000000000'
  const positions = [
    { at: 1e300, id },
    { at: 8e15, id },
    { at: -1, id },
    { at: 1.5, id },
    { at: 1, id: 'x' },
    'x',
    null,
  ]
  const cursors = positions.map((position) => Buffer.from(JSON.stringify(position)).toString('base64url'))
  for (const [query, path] of [
    ['?limit=0', 'limit'],
    ['?limit=1000000', 'limit'],
    ['?cursor=%00', 'cursor'],
    ...cursors.map((cursor) => [`?cursor=${cursor}`, 'cursor'] as const),
  ] as const) {
    t.match(await own(nurse.token, query), { status: 400, body: { errors: [{ path }] } }, query)
    t.match(await named(nurse.id, world.regulator, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
})

t.test('401 without a token; 403 for every other role, and a professional that is suspended', async (t) => {
  const nurse = await world.professional(10)
  const suspended = await world.professional(11, { status: 'suspended' })
  t.equal((await own(undefined)).status, 401)
  t.equal((await named(nurse.id, undefined)).status, 401)
  for (const token of [place.token, world.admin]) {
    t.match(await own(token), { status: 403, body: { code: 'forbidden' } })
    t.match(await named(nurse.id, token), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await own(world.regulator), { status: 403, body: { code: 'forbidden' } })
  t.match(await own(suspended.token), { status: 403, body: { code: 'professional_suspended' } })
})
