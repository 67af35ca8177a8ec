import t from 'tap'
import { adeli, rpps } from '../../support/numbers.ts'
import { accessesTo, asRead } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000)
await world.rule({ cap: 1_000, beneficiaries: [{ profession: '10' }] })
const toulouse = await world.pharmacy(1)
const brest = await world.pharmacy(2, { territory: 'FR-29' })
for (const place of [toulouse, brest]) {
  must(201, await world.count(place, 2_000))
  must(201, await world.count(place, 1_000, 'ffp2'))
}
const nurse = await world.professional(1)
const breton = await world.professional(2, { practice: { ...CENTRE, territory: 'FR-29' } })
const doctor = await world.professional(3, { profession: '10', otherIds: [adeli(3)] })

const list = (query = '', token: string | undefined = world.regulator) =>
  call('GET', `/v1/audit/dispensations${query}`, { token })
const idsOf = async (query: string, token?: string) =>
  must(200, await list(query, token)).body.items.map(({ id }: { id: string }) => id)
const regulator = (territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject: 'ars', territories, professions })

const lot = (product: string, name: string) => ({ product, quantity: 2, lot: name })
const atHome = must(201, await world.dispense(toulouse, nurse.id, 4)).body
const away = must(201, await world.dispense(toulouse, breton.id, 2)).body
const inBrest = must(
  201,
  await world.dispense(brest, doctor.id, 2, { lines: [lot('surgical', 'A'), lot('ffp2', 'B')] }),
).body
const beyond = must(
  201,
  await world.dispense(toulouse, doctor.id, 1_500, { override: { reasonCode: 'emergency' } }),
).body
const reversal = must(
  201,
  await call('POST', `/v1/dispensations/${inBrest.id}/reversal`, {
    token: brest.token,
    key: true,
    body: { kind: 'returned', lines: [{ product: 'ffp2', quantity: 2 }] },
  }),
).body

t.test(
  '200: dispensations and reversals with profession and territories, by the hand-over, newest first',
  async (t) => {
    const { items, nextCursor } = must(200, await list()).body
    // The reversal is of the hand-over in Brest, and stands at its time.
    t.strictSame(items[0].id, beyond.id)
    t.strictSame(
      items
        .slice(1, 3)
        .map(({ id }: { id: string }) => id)
        .sort(),
      [inBrest.id, reversal.id].sort(),
    )
    t.strictSame(
      items.slice(3).map(({ id }: { id: string }) => id),
      [away.id, atHome.id],
    )
    t.equal(nextCursor, null)
    t.strictSame(items[3], { ...asRead(away), profession: '60', territories: { practice: 'FR-29', pharmacy: 'FR-31' } })
  },
)

t.test('200: cursors lead through all, each once', async (t) => {
  const seen: string[] = []
  let cursor = ''
  for (const _ of range(3)) {
    const { items, nextCursor } = must(200, await list(`?limit=2${cursor}`)).body
    seen.push(...items.map(({ id }: { id: string }) => id))
    cursor = `&cursor=${nextCursor}`
  }
  t.strictSame(seen, await idsOf(''))
  t.equal(cursor, '&cursor=null')
})

t.test('200: every filter selects by what is frozen in the entry', async (t) => {
  const all = [atHome.id, away.id, inBrest.id, beyond.id, reversal.id]
  const expected: Record<string, string[]> = {
    [`pharmacy=${toulouse.finess}`]: [atHome.id, away.id, beyond.id],
    [`professional=${breton.id}`]: [away.id],
    [`professional=${adeli(3)}`]: [inBrest.id, beyond.id, reversal.id],
    'profession=10': [inBrest.id, beyond.id, reversal.id],
    'territory=FR-29': [away.id, inBrest.id, reversal.id],
    'territory=FR-BRE': [away.id, inBrest.id, reversal.id],
    'territory=FR-75C': [],
    'territory=FR': all,
    'product=ffp2': [inBrest.id, reversal.id],
    'lot=A': [inBrest.id],
    'lot=B': [inBrest.id, reversal.id],
    'product=ffp2&lot=A': [],
    'product=surgical&lot=A': [inBrest.id],
    'flag=override': [beyond.id],
    'flag=late': [],
    [`from=${away.dispensedAt}`]: all.slice(1),
    [`to=${away.dispensedAt}`]: [atHome.id],
    [`from=${away.dispensedAt}&to=${beyond.dispensedAt}`]: [away.id, inBrest.id, reversal.id],
    [`pharmacy=${toulouse.finess}&profession=10&flag=override&territory=FR-OCC`]: [beyond.id],
  }
  for (const [query, ids] of Object.entries(expected)) {
    t.strictSame((await idsOf(`?${query}`)).sort(), ids.toSorted(), query)
  }
})

t.test('200: only what lies in the remit, by either territory and by profession', async (t) => {
  const bretagne = await regulator(['FR-BRE'])
  t.strictSame((await idsOf('', bretagne)).sort(), [away.id, inBrest.id, reversal.id].sort())
  t.strictSame((await idsOf('', await regulator(['FR-BRE'], ['60']))).sort(), [away.id])
  t.strictSame((await idsOf('', await regulator(['FR-29', 'FR-31'], ['10', '60']))).length, 5)
  t.strictSame(await idsOf('', await regulator(['FR-IDF'])), [])
  t.strictSame(await idsOf('', await regulator([])), [])
  t.notOk((await idsOf('?territory=FR-31', bretagne)).includes(atHome.id), 'a filter never widens the remit')
})

t.test('200: each person shown is recorded as read, once a page', async (t) => {
  const inspector = await service.token({ role: 'regulator', subject: 'inspector', territories: ['FR-29'] })
  const headers = { 'x-operator': 'desk-4' }
  must(200, await call('GET', '/v1/audit/dispensations', { token: inspector, headers }))
  const readings = async (id: string) => (await accessesTo(db, id)).filter(({ reader }) => reader === 'inspector')
  const access = { kind: 'audit', reader_role: 'regulator', outcome: 'shown', operator: 'desk-4' }
  for (const { id } of [breton, doctor]) t.match(await readings(id), [access])
  t.strictSame(await readings(nurse.id), [])
})

t.test('200: whoever is outside the remit looks like nobody, and each attempt is recorded', async (t) => {
  const bretagne = await service.token({ role: 'regulator', subject: 'ars-bre', territories: ['FR-BRE'] })
  const empty = { items: [], nextCursor: null }
  t.strictSame((await list(`?professional=${nurse.id}`, bretagne)).body, empty)
  t.strictSame((await list(`?professional=${rpps(999)}`, bretagne)).body, empty)
  const attempt = { kind: 'audit', reader: 'ars-bre', outcome: 'not_found' }
  t.match((await accessesTo(db, nurse.id)).at(-1), attempt)
  t.match((await accessesTo(db, rpps(999))).at(-1), attempt)
})

t.test('400: fields that are wrong are named', async (t) => {
  for (const [query, path] of [
    ['from=2026-13-01T00:00:00Z', 'from'],
    ['from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z', 'to'],
    ['territory=FR-XX', 'territory'],
    ['pharmacy=123', 'pharmacy'],
    ['professional=123', 'professional'],
    ['profession=a', 'profession'],
    ['product=%27', 'product'],
    ['flag=Override', 'flag'],
    ['limit=101', 'limit'],
    ['cursor=x', 'cursor'],
  ] as const) {
    t.match(await list(`?${query}`), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.equal((await list('?colour=blue')).status, 400)
})

t.test('401 without a token; 403 for every other role', async (t) => {
  t.equal((await call('GET', '/v1/audit/dispensations')).status, 401)
  for (const token of [toulouse.token, nurse.token, world.admin]) {
    t.match(await list('', token), { status: 403, body: { code: 'forbidden' } })
  }
})
