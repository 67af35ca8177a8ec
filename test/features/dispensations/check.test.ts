import t from 'tap'
import { oneRow } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { accessesTo, refusalsOn } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo, TIME } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 18)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1_000, product))
must(201, await world.count(other, 1_000))

const check = (professional: string, quantity: number, more: object = {}, token: string | undefined = place.token) =>
  call('POST', '/v1/dispensation-checks', { token, body: dispensationBody(professional, quantity, more) })

const counts = () =>
  oneRow(
    db,
    'counts',
    sql`select (select count(*)::int from ledger_entries) as entries, (select count(*)::int from stock_movements) as movements,
          (select count(*)::int from events) as events, (select sum(version)::int from stock) as versions,
          (select count(*)::int from reservations where status = 'held') as held,
          (select count(*)::int from refusals) as refusals, (select count(*)::int from idempotency_keys) as keys`,
  )

t.test('200 allow: what may still be received, held and was received, by day and never where', async (t) => {
  const nurse = await world.professional(1)
  const given = [
    must(201, await world.dispense(other, nurse.id, 4)).body,
    must(201, await world.dispense(place, nurse.id, 1, { lines: [{ product: 'ffp2', quantity: 2 }] })).body,
    must(201, await world.dispense(place, nurse.id, 1)).body,
  ]
  must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: other.finess }))
  const before = await counts()
  const answer = await check(nurse.id, 8)
  t.equal(answer.status, 200)
  const { rule, window, receivedInWindow, ...rest } = answer.body
  t.strictSame(rest, {
    decision: 'allow',
    remaining: [{ product: 'surgical', quantity: 8 }],
    held: [{ product: 'surgical', quantity: 3 }],
  })
  t.match({ rule, window }, { rule: { source: { reference: 'TEST-1' } }, window: { start: TIME, end: TIME } })
  t.strictSame(receivedInWindow, byDay(given))
  t.notMatch(JSON.stringify(answer.body), other.finess)
  t.strictSame(await counts(), before, 'nothing was changed')
})

/** What hand-overs of one line each add up to by the days of Paris, two where midnight came between them. */
function byDay(given: { dispensedAt: string; lines: { product: string; quantity: number }[] }[]): object[] {
  const sums = new Map<string, { on: string; product: string; quantity: number }>()
  for (const { dispensedAt, lines } of given) {
    const on = new Date(dispensedAt).toLocaleDateString('en-CA', { timeZone: 'Europe/Paris' })
    for (const { product, quantity } of lines) {
      const sum = sums.get(on + product)?.quantity ?? 0
      sums.set(on + product, { on, product, quantity: sum + quantity })
    }
  }
  return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum)
}

t.test('200 refuse: with the code that the hand-over would be answered with', async (t) => {
  const nurse = await world.professional(2)
  const suspended = await world.professional(3, { status: 'suspended' })
  const doctor = await world.professional(4, { profession: '10' })
  const small = await world.pharmacy(3)
  must(201, await world.count(small, 5))
  const refused = async (answer: ReturnType<typeof check>, code: string) =>
    t.match(await answer, { status: 200, body: { decision: 'refuse', code } }, code)
  await refused(check(nurse.id, 19), 'entitlement_exceeded')
  await refused(check(nurse.id, 6, {}, small.token), 'stock_insufficient')
  await refused(check(suspended.id, 1), 'professional_suspended')
  await refused(check(doctor.id, 1), 'profession_not_entitled')
  await refused(check(rpps(999), 1), 'professional_unknown')
  const hold = must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess })).body
  await refused(check(nurse.id, 4), 'entitlement_held')
  const reservations = [{ id: hold.id, pickupCode: '0000-0000' }]
  await refused(check(nurse.id, 4, { reservations }), 'pickup_code_wrong')
  t.strictSame(await refusalsOn(db, nurse.id), [], 'a check refuses nothing')
})

t.test('200: a check with a guessed code says nothing about whose the reservation is', async (t) => {
  const [holder, other] = [await world.professional(21), await world.professional(22)]
  const hold = must(201, await world.reserve(holder.token, { quantity: 5, pharmacy: place.finess })).body
  const reservations = [{ id: hold.id, pickupCode: '0000-0000' }]
  for (const { id } of [holder, other]) {
    const without = await check(id, 1)
    const guessed = await check(id, 1, { reservations })
    t.match(without.body, { held: id === holder.id ? [{ quantity: 5 }] : [] })
    const { window } = guessed.body // It rolls on.
    t.strictSame(guessed.body, { ...without.body, window, decision: 'refuse', code: 'pickup_code_wrong' })
  }
})

t.test('200: reservations named are judged as collected, and stay held', async (t) => {
  const nurse = await world.professional(5)
  const hold = must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess })).body
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const answer = await check(nurse.id, 18, { reservations })
  t.match(answer, { status: 200, body: { decision: 'allow', held: [], remaining: [{ quantity: 18 }] } })
  const released = await check(nurse.id, 18, { releaseHolds: true })
  t.match(released, { status: 200, body: { decision: 'allow' } })
  const read = await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })
  t.equal(read.body.status, 'held')
})

t.test('every check is recorded as an access, with the operator, under the same key too', async (t) => {
  const nurse = await world.professional(6)
  for (const quantity of [1, 19, 1]) {
    const headers = { 'x-operator': 'op-7' }
    const body = dispensationBody(nurse.id, quantity)
    must(200, await call('POST', '/v1/dispensation-checks', { token: place.token, key: 'one-key', body, headers }))
  }
  const access = {
    kind: 'dispensation_check',
    reader_role: 'pharmacy',
    reader: `till-${place.finess}`,
    pharmacy: place.finess,
    operator: 'op-7',
  }
  t.match(await accessesTo(db, nurse.id), [
    { ...access, outcome: 'allow' },
    { ...access, outcome: 'entitlement_exceeded' },
    { ...access, outcome: 'allow' },
  ])
  t.equal((await world.dispense(place, nurse.id, 1)).status, 201)
})

t.test('400: what a hand-over would be refused for, named alike', async (t) => {
  const nurse = await world.professional(7)
  for (const [more, path] of [
    [{ lines: [{ product: 'surgical', quantity: 0 }] }, 'lines[0].quantity'],
    [{ lines: [{ product: 'unknown', quantity: 1 }] }, 'lines[0].product'],
    [{ professional: '1' }, 'professional'],
    [{ dispensedAt: minutesAgo(6) }, 'dispensedAt'],
  ] as const) {
    t.match(await check(nurse.id, 1, more), { status: 400, body: { errors: [{ path }] } }, path)
  }
  const group = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, other.finess] })
  t.match(await check(nurse.id, 1, {}, group), { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  t.equal((await check(nurse.id, 1, { pharmacy: place.finess }, group)).status, 200)
})

t.test('401 without a token; 403 for every other role, another pharmacy and a suspended one', async (t) => {
  const nurse = await world.professional(8)
  t.equal((await call('POST', '/v1/dispensation-checks', { body: dispensationBody(nurse.id, 1) })).status, 401)
  for (const token of [nurse.token, world.regulator, world.admin]) {
    t.match(await check(nurse.id, 1, {}, token), { status: 403, body: { code: 'forbidden' } })
  }
  t.equal((await check(nurse.id, 1, { pharmacy: other.finess })).status, 403)
  const suspended = await world.pharmacy(4, { status: 'suspended' })
  t.match(await check(nurse.id, 1, {}, suspended.token), { status: 403, body: { code: 'pharmacy_suspended' } })
})

t.test('404: no such reservation here, no such pharmacy', async (t) => {
  const nurse = await world.professional(9)
  const reservations = [{ id: seededUuid(), pickupCode: '0000-0000' }]
  t.match(await check(nurse.id, 1, { reservations }), { status: 404, body: { code: 'not_found' } })
  const nowhere = await service.token({ role: 'pharmacy', subject: 'till', finess: [finess(999)] })
  t.equal((await check(nurse.id, 1, {}, nowhere)).status, 404)
})

t.test('413 and 415: what is too large or not JSON is not read', async (t) => {
  const nurse = await world.professional(10)
  t.equal((await check(nurse.id, 1, { pharmacy: 'x'.repeat(300 * 1024) })).status, 413)
  const text = { token: place.token, body: 'professional', headers: { 'content-type': 'text/plain' } }
  t.equal((await call('POST', '/v1/dispensation-checks', text)).status, 415)
})
