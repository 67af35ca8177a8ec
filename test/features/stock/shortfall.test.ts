import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { eventsOn, letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

type Place = Awaited<ReturnType<typeof world.pharmacy>>

const count = (place: Place, onHand: number) => world.count(place, onHand)

const move = (place: Place, kind: string, quantity: number) =>
  call('POST', `/v1/pharmacies/${place.finess}/stock-movements`, {
    token: place.token,
    key: true,
    body: { product: 'surgical', kind, quantity, occurredAt: minutesAgo(0) },
  })

/** A pharmacy with masks counted a minute ago, so that what happens now comes after the count. */
async function stocked(n: number, onHand: number): Promise<Place> {
  const place = await world.pharmacy(n)
  const body = { onHand, countedAt: minutesAgo(1) }
  must(201, await call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, { token: place.token, body }))
  return place
}

t.test('masks set aside are counted, and only the newest holds that no longer fit are cancelled', async (t) => {
  const place = await world.pharmacy(7)
  must(201, await count(place, 30))
  const nurses = await Promise.all(range(3).map((n) => world.professional(70 + n)))
  const [holds, tokens] = [[] as { id: string }[], nurses.map(({ token }) => token)]
  for (const token of tokens) {
    holds.push(must(201, await world.reserve(token, { quantity: 10, pharmacy: place.finess })).body)
  }
  t.match(await count(place, 45), { status: 200, body: { onHand: 45, held: 30, available: 15 } })
  t.match(await count(place, 15), { status: 200, body: { onHand: 15, held: 10, available: 5 } })

  for (const [n, { id }] of holds.entries()) {
    const { body } = await call('GET', `/v1/reservations/${id}`, { token: tokens[n] })
    if (n === 0) t.equal(body.status, 'held')
    else t.match(body, { status: 'cancelled', cancellationReason: 'stock_shortfall' })
    t.strictSame((await eventsOn(db, id)).slice(1), n === 0 ? [] : ['reservation.cancelled'])
  }
  const entitlement = await call('GET', '/v1/entitlements/me', { token: tokens[2] })
  t.match(entitlement.body.items[1], { product: 'surgical', held: 0, remaining: 100 }, 'the entitlement is free again')
})

t.test('a hold that has expired gives way without being cancelled', async (t) => {
  const place = await world.pharmacy(8)
  must(201, await count(place, 30))
  const [late, live] = [await world.professional(80), await world.professional(81)]
  const expired = must(201, await world.reserve(late.token, { quantity: 10, pharmacy: place.finess })).body
  must(201, await world.reserve(live.token, { quantity: 10, pharmacy: place.finess }))
  await letExpire(db, expired.id)
  t.match(await count(place, 10), { status: 200, body: { onHand: 10, held: 10, available: 0 } })
  const read = await call('GET', `/v1/reservations/${expired.id}`, { token: late.token })
  t.equal(read.body.status, 'expired')
  t.strictSame(await eventsOn(db, expired.id), ['reservation.created', 'reservation.expired'])
})

t.test('a loss is always taken, down to 0, and cancels the newest holds', async (t) => {
  const place = await stocked(4, 30)
  const [first, second] = [await world.professional(40), await world.professional(41)]
  const [kept, lost] = [
    must(201, await world.reserve(first.token, { quantity: 10, pharmacy: place.finess })).body,
    must(201, await world.reserve(second.token, { quantity: 10, pharmacy: place.finess })).body,
  ]
  t.match(await move(place, 'loss', 18), { status: 201, body: { change: -18, stock: { onHand: 12, held: 10 } } })
  const read = async (token: string, id: string) => (await call('GET', `/v1/reservations/${id}`, { token })).body
  t.equal((await read(first.token, kept.id)).status, 'held')
  t.match(await read(second.token, lost.id), { status: 'cancelled', cancellationReason: 'stock_shortfall' })

  const all = await move(place, 'loss', 50)
  t.match(all, { status: 201, body: { quantity: 50, change: -12, stock: { onHand: 0, held: 0, available: 0 } } })
  t.match(await read(first.token, kept.id), { status: 'cancelled', cancellationReason: 'stock_shortfall' })
  t.strictSame(await eventsOn(db, kept.id), ['reservation.created', 'reservation.cancelled'])
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
