import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 20)
const nurse = await world.professional(1)
const doctor = await world.professional(2)
const place = await world.pharmacy(1)
must(201, await world.count(place, 10))

const reduce = (id: string, quantity: number, more: object = {}) =>
  call('POST', `/v1/reservations/${id}/reduction`, { token: nurse.token, key: true, body: { quantity }, ...more })
const hold = async (quantity: number) =>
  must(201, await world.reserve(nurse.token, { quantity, pharmacy: place.finess })).body
const read = (id: string) => call('GET', `/v1/reservations/${id}`, { token: nurse.token })
const held = async () =>
  must(200, await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body.items[0].held

t.test('a smaller reservation with the same code and end takes its place, and the rest is free', async (t) => {
  const first = await hold(8)
  const { status, body } = await reduce(first.id, 3, { key: 'k' })
  t.equal(status, 201)
  const { id: _, createdAt: __, voucher: ___, ...same } = first
  t.match(body, { ...same, quantity: 3 })
  t.not(body.id, first.id)
  t.match((await read(first.id)).body, { status: 'cancelled', cancellationReason: 'reduced', quantity: 8 })
  t.equal(await held(), 3)
  const { items } = must(200, await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items, [{ held: 3, remaining: 17 }])
  const again = await reduce(first.id, 3, { key: 'k' })
  t.same([again.body, again.headers['idempotency-replayed']], [body, 'true'])
  const reservations = [{ id: body.id, pickupCode: first.pickupCode }]
  must(201, await world.dispense(place, nurse.id, 3, { reservations }))
  t.match((await read(body.id)).body, { status: 'collected', collectedQuantity: 3 })
})

t.test('more, as many, or none at all is refused, and so is what is over or somebody else’s', async (t) => {
  const { id } = await hold(4)
  for (const quantity of [4, 5, 0]) {
    t.match(await reduce(id, quantity), { status: 400, body: { errors: [{ path: 'quantity' }] } })
  }
  t.match(await reduce(id, 1, { token: doctor.token }), { status: 404 })
  t.match(await reduce(id, 1, { token: place.token }), { status: 403 })
  t.match(await reduce(id, 1, { key: undefined }), { status: 400, body: { code: 'idempotency_key_missing' } })
  must(200, await call('POST', `/v1/reservations/${id}/cancellation`, { token: nurse.token }))
  t.match(await reduce(id, 1), { status: 409, body: { code: 'reservation_not_held', reservationStatus: 'cancelled' } })
  t.equal(await held(), 0)
})

t.test('of sixteen reductions at once one is done', async (t) => {
  const { id } = await hold(6)
  const answers = await Promise.all(Array.from({ length: 16 }, (_, nth) => reduce(id, (nth % 5) + 1)))
  const done = answers.filter(({ status }) => status === 201)
  t.equal(done.length, 1)
  t.equal(await held(), done[0]?.body.quantity)
  await invariantsHold(t, db)
})
