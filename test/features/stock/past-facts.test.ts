import t from 'tap'
import { runCheck } from '../../../src/store/invariants.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

type Place = Awaited<ReturnType<typeof world.pharmacy>>

const counted = async (place: Place, onHand: number, minutes: number) => {
  const body = { onHand, countedAt: minutesAgo(minutes) }
  return call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, { token: place.token, body })
}

const move = (place: Place, kind: string, quantity: number, minutes: number) => {
  const counterparty = kind.startsWith('transfer') ? { counterparty: elsewhere.finess } : {}
  const body = { product: 'surgical', kind, quantity, occurredAt: minutesAgo(minutes), ...counterparty }
  return call('POST', `/v1/pharmacies/${place.finess}/stock-movements`, { token: place.token, key: true, body })
}

const level = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]

const reverse = async (place: Place, id: string, kind: string) =>
  must(201, await call('POST', `/v1/dispensations/${id}/reversal`, { token: place.token, key: true, body: { kind } }))

const elsewhere = await world.pharmacy(99)

t.test('201: what left before the newest count is never refused for the stock of today, nor clipped', async (t) => {
  const place = await world.pharmacy(1)
  must(201, await counted(place, 40, 5))
  for (const kind of ['transfer_out', 'return_to_supplier', 'loss']) {
    const answer = await move(place, kind, 41, 60)
    t.match(answer, { status: 201, body: { kind, change: -41, stock: { onHand: 40 } } })
  }
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock-movements`, { token: place.token })).body
  t.match(items.slice(0, 2), [
    { kind: 'count_absorbed', change: 41 },
    { kind: 'loss', quantity: 41, change: -41 },
  ])
  t.match(await move(place, 'transfer_out', 41, 4), { status: 409, body: { code: 'stock_insufficient' } }, 'after it')
})

t.test('a loss of more than was known then counts whole against a count from before it', async (t) => {
  const place = await world.pharmacy(2)
  must(201, await move(place, 'delivery', 10, 30))
  t.match(await move(place, 'loss', 25, 2), { status: 201, body: { change: -10, stock: { onHand: 0 } } })
  t.match(await counted(place, 100, 3), { status: 200, body: { onHand: 75 } })
})

t.test('201: a hand-over from before the newest count is the count’s; the check says the same', async (t) => {
  const [place, nurse] = [await world.pharmacy(3), await world.professional(3)]
  must(201, await counted(place, 0, 2))
  const body = dispensationBody(nurse.id, 18, { dispensedAt: minutesAgo(4) })
  const check = () => call('POST', '/v1/dispensation-checks', { token: place.token, body })
  t.match(await check(), { status: 200, body: { decision: 'allow' } })
  t.match(await world.dispense(place, nurse.id, 18, { dispensedAt: minutesAgo(4) }), { status: 201 })
  t.match(await level(place), { onHand: 0, held: 0 })
  const later = { dispensedAt: minutesAgo(1) }
  t.match(await world.dispense(place, nurse.id, 18, later), { status: 409, body: { code: 'stock_insufficient' } })
})

/** A pharmacy with 18 masks, all of them held for a nurse. */
async function held(n: number) {
  const [place, nurse] = [await world.pharmacy(n), await world.professional(n)]
  must(201, await counted(place, 18, 5))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 18, pharmacy: place.finess })).body
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const collect = (minutes: number, more: object = {}) =>
    world.dispense(place, nurse.id, 18, { dispensedAt: minutesAgo(minutes), reservations, ...more })
  const read = async () => (await call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })).body
  return { place, nurse, hold, collect, read }
}

t.test('a hold collected before the count ends and frees what it held', async (t) => {
  const { place, collect, read } = await held(4)
  must(200, await counted(place, 20, 2))
  t.match(await level(place), { onHand: 20, held: 18 })
  t.match(await collect(4), { status: 201, body: { reservations: [{ outcome: 'collected' }] } })
  t.match(await level(place), { onHand: 20, held: 0 })
  t.match(await read(), { status: 'collected', collectedQuantity: 18 })
})

t.test('a hold that a count cancelled, its masks being collected already, turns out to be collected', async (t) => {
  const { place, hold, nurse, collect, read } = await held(5)
  must(200, await counted(place, 0, 2))
  t.match(await read(), { status: 'cancelled', cancellationReason: 'stock_shortfall' })
  t.match(await collect(4), { status: 201, body: { reservations: [{ id: hold.id, outcome: 'collected' }] } })
  t.match(await read(), { status: 'collected', collectedQuantity: 18, cancellationReason: null })
  t.match(await level(place), { onHand: 0, held: 0 })
  t.strictSame((await eventsOn(db, hold.id)).slice(1), ['reservation.cancelled', 'reservation.collected'])
  t.match(await collect(4), { status: 409, body: { code: 'reservation_not_held' } }, 'once')
  const { items } = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items[1], { product: 'surgical', received: 18, held: 0 })
})

t.test('what was handed over elsewhere while such a hold seemed cancelled was within the cap', async (t) => {
  const { place, nurse, collect } = await held(14)
  must(200, await counted(place, 0, 2))
  must(201, await counted(elsewhere, 100, 2))
  must(201, await world.dispense(elsewhere, nurse.id, 90))
  must(201, await collect(4, { override: { reasonCode: 'emergency' } }))
  t.same(await runCheck(db, 'check_i3'), [])
})

t.test('409: a hold that somebody cancelled, or a count before the hand-over, is not collected', async (t) => {
  const cancelled = await held(6)
  const path = `/v1/reservations/${cancelled.hold.id}/cancellation`
  must(200, await call('POST', path, { token: cancelled.nurse.token }))
  must(200, await counted(cancelled.place, 0, 2))
  t.match(await cancelled.collect(4), { status: 409, body: { code: 'reservation_not_held' } })
  const short = await held(7)
  must(200, await counted(short.place, 0, 2))
  t.match(await short.collect(1), { status: 409, body: { code: 'reservation_not_held' } })
})

t.test('a slip reversed after a count moves no stock; masks returned do; both give the entitlement back', async (t) => {
  for (const [n, kind, onHand] of [
    [8, 'entry_error', 100],
    [9, 'returned', 150],
  ] as const) {
    const [place, nurse] = [await world.pharmacy(n), await world.professional(n)]
    must(201, await counted(place, 100, 5))
    const { id } = must(201, await world.dispense(place, nurse.id, 50, { dispensedAt: minutesAgo(4) })).body
    must(200, await counted(place, 100, 3))
    t.match(await reverse(place, id, kind), { body: { remaining: [{ quantity: 100 }] } })
    t.match(await level(place), { onHand }, kind)
  }
})

t.test('a slip reversed before any count puts its masks back', async (t) => {
  const [place, nurse] = [await world.pharmacy(10), await world.professional(10)]
  must(201, await counted(place, 100, 5))
  const { id } = must(201, await world.dispense(place, nurse.id, 50)).body
  await reverse(place, id, 'entry_error')
  t.match(await level(place), { onHand: 100 })
})

t.test('a count that arrives after the reversal of a slip, and was made before it, comes out right', async (t) => {
  for (const [n, minutes] of [
    [11, 4],
    [12, -4],
  ] as const) {
    const [place, nurse] = [await world.pharmacy(n), await world.professional(n)]
    must(201, await counted(place, 100, 5))
    const dispensedAt = minutesAgo(minutes)
    const { id, recordedAt } = must(201, await world.dispense(place, nurse.id, 50, { dispensedAt })).body
    await reverse(place, id, 'entry_error')
    const body = { onHand: 100, countedAt: recordedAt }
    const path = `/v1/pharmacies/${place.finess}/stock/surgical`
    must(200, await call('PUT', path, { token: place.token, body }))
    t.match(await level(place), { onHand: 100 }, minutes < 0 ? 'even if the till’s clock ran ahead' : '')
  }
})

t.test('on hand and held are the sums of their movements and holds, each known to its count once', (t) =>
  invariantsHold(t, db),
)

t.test('a count after millions of masks came and left is taken, and one beyond the range refused', async (t) => {
  const place = await world.pharmacy(13)
  must(201, await move(place, 'delivery', 1, 10))
  const movements = (change: number, minutes: number, from: number) =>
    db.foreign(`insert into stock_movements (id, pharmacy, product, version, kind, quantity, change, occurred_at, recorded_at)
      select gen_random_uuid(), '${place.finess}', 'surgical', n, '${change > 0 ? 'delivery' : 'return_to_supplier'}', ${Math.abs(change)},
        ${change}, clock_timestamp() - interval '${minutes} minutes', clock_timestamp() from generate_series(${from}, ${from + 2_499}) n`)
  await movements(-1_000_000, 2, 10)
  t.match(await counted(place, 7, 5), { status: 200, body: { onHand: 0 } }, 'less than two billion came')
  await movements(1_000_000, 3, 10_000)
  t.match(await counted(place, 7, 4), { status: 200, body: { onHand: 7 } }, 'more came than an integer holds, and left')
  await movements(1_000_000, 3, 20_000)
  t.match(await counted(place, 7, 4), { status: 409, body: { code: 'stock_insufficient', detail: /1,000,000,000/ } })
})
