import t from 'tap'
import { inTransaction } from '../../../src/db/transaction.ts'
import { expireHolds } from '../../../src/features/reservations/expire.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { until } from '../../support/until.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

// A hold of 20 ms: no job runs in these tests unless one says so.
const service = await startService(t, { HOLD_HOURS: 20 / 3_600_000, MAX_LIVE_HOLDS: 1 })
const { call, db } = service
const world = await makeWorld(service, 10)

const read = async (id: string, token: string) => (await call('GET', `/v1/reservations/${id}`, { token })).body
const level = async (place: { finess: string; token: string }) =>
  (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body.items[0]

/** A pharmacy with ten masks, all of them held by a nurse until just now. */
async function afterAHold(n: number) {
  const place = await world.pharmacy(n)
  const nurse = await world.professional(n)
  must(201, await world.count(place, 10))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: place.finess })).body
  await until('the hold ends', async () => (await read(hold.id, nurse.token)).status === 'expired')
  return { place, nurse, hold }
}

t.test('a hold ends at its expiresAt in every answer, whether or not any job has run', async (t) => {
  const { place, nurse, hold } = await afterAHold(1)
  t.equal(Date.parse(hold.expiresAt) - Date.parse(hold.createdAt), 20)
  t.match(await level(place), { onHand: 10, held: 0, available: 10 })
  t.match((await call('GET', `/v1/pharmacies/${place.finess}`, { token: nurse.token })).body.stock, [{ available: 10 }])
  const near = `${CENTRE.latitude},${CENTRE.longitude}`
  const found = await call('GET', `/v1/pharmacies?near=${near}&product=surgical&quantity=10`, { token: nurse.token })
  t.match(found.body.items, [{ finess: place.finess, available: 10 }])
  const { items } = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items[1], { product: 'surgical', held: 0, remaining: 10 })
  const lookup = { token: place.token, body: { pickupCode: hold.pickupCode } }
  t.equal((await call('POST', '/v1/reservations/lookup', lookup)).status, 404)
  t.strictSame(await eventsOn(db, hold.id), ['reservation.created'], 'nothing has written it down yet')
})

t.test('and in every decision: its masks, its entitlement and its place among the live ones are free', async (t) => {
  const { place, nurse, hold } = await afterAHold(2)
  const next = must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: place.finess })).body
  t.equal((await read(hold.id, nurse.token)).status, 'expired')
  t.strictSame(await eventsOn(db, hold.id), ['reservation.created', 'reservation.expired'])
  await until('the hold ends', async () => (await read(next.id, nurse.token)).status === 'expired')
  const walkIn = await world.professional(20)
  must(201, await world.dispense(place, walkIn.id, 10))
  t.match(await level(place), { onHand: 0, held: 0 })
  t.strictSame(await eventsOn(db, next.id), ['reservation.created', 'reservation.expired'])
})

t.test('what is collected too late is served as a walk-in', async (t) => {
  const { place, nurse, hold } = await afterAHold(3)
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const answer = await world.dispense(place, nurse.id, 10, { reservations })
  t.match(answer, { status: 201, body: { reservations: [{ id: hold.id, outcome: 'expired' }] } })
  t.equal((await read(hold.id, nurse.token)).status, 'expired')
})

t.test('a sweep writes down what has ended, with its event, once, and frees the shelf', async (t) => {
  const ended = await Promise.all(range(3).map((n) => afterAHold(40 + n)))
  t.ok((await inTransaction(db, expireHolds)) >= 3)
  for (const { place, hold, nurse } of ended) {
    t.strictSame(await eventsOn(db, hold.id), ['reservation.created', 'reservation.expired'])
    t.strictSame((await eventsOn(db, place.finess)).slice(-2), ['stock.depleted', 'stock.replenished'])
    t.equal((await read(hold.id, nurse.token)).status, 'expired')
  }
  t.equal(await inTransaction(db, expireHolds), 0, 'again it finds nothing')
  const [first] = ended
  t.equal((await eventsOn(db, first?.hold.id)).length, 2)
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
