import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { finess } from '../../support/numbers.ts'
import { daysKept, eventsOn, letExpire } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 50 })
const { call, db } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
must(201, await world.count(place, 1_000))
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]

const hold = async (token = nurse.token) =>
  must(201, await world.reserve(token, { quantity: 5, pharmacy: place.finess })).body
const cancel = (id: string, token: string | undefined, body?: object) =>
  call('POST', `/v1/reservations/${id}/cancellation`, { token, ...(body && { body }) })
const heldNow = async () =>
  (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body.items[0].held

t.test('200: its professional frees the hold, and again gets the same', async (t) => {
  const made = await hold()
  t.equal(await heldNow(), 5)
  const first = await cancel(made.id, nurse.token)
  t.match(first, {
    status: 200,
    body: { id: made.id, status: 'cancelled', cancellationReason: /./, pickupCode: made.pickupCode },
  })
  t.equal(await heldNow(), 0)
  const again = await cancel(made.id, nurse.token)
  t.strictSame([again.status, again.body], [200, first.body])
  const late = await cancel(made.id, place.token, { reason: 'too late' })
  t.match(late, { status: 200, body: { cancellationReason: first.body.cancellationReason } }, 'the first reason stays')
  t.strictSame(await eventsOn(db, made.id), ['reservation.created', 'reservation.cancelled'])
  const { items } = (await call('GET', '/v1/entitlements/me', { token: nurse.token })).body
  t.match(items[1], { product: 'surgical', held: 0, remaining: 1_000 })
})

t.test('200: its pharmacy cancels with a reason, and sees no code', async (t) => {
  const made = await hold()
  const answer = await cancel(made.id, place.token, { reason: 'box damaged' })
  t.match(answer, { status: 200, body: { status: 'cancelled', cancellationReason: 'box damaged' } })
  t.notOk('pickupCode' in answer.body)
  t.equal((await call('GET', `/v1/reservations/${made.id}`, { token: nurse.token })).body.status, 'cancelled')
})

t.test('a token for several pharmacies need not name the one, and 404 where it names another', async (t) => {
  const chain = await service.token({ role: 'pharmacy', subject: 'chain', finess: [place.finess, other.finess] })
  const [first, second] = [await hold(), await hold()]
  const reason = 'box damaged'
  for (const [id, pharmacy] of [
    [first.id, other.finess],
    [first.id, finess(3)],
    [seededUuid(), undefined],
  ]) {
    t.match(await cancel(id, chain, { reason, pharmacy }), { status: 404, body: { code: 'not_found' } })
  }
  t.match(await cancel(first.id, nurse.token, { pharmacy: other.finess }), { status: 404 }, 'its professional too')
  t.match(await cancel(first.id, chain, { reason }), { status: 200, body: { status: 'cancelled' } })
  t.match(await cancel(second.id, chain, { reason, pharmacy: place.finess }), { status: 200 })
  t.equal(await heldNow(), 0)
})

t.test('400: a pharmacy that gives no reason, and fields that there are not', async (t) => {
  const made = await hold()
  for (const body of [undefined, {}, { reason: '' }]) {
    t.match(await cancel(made.id, place.token, body), { status: 400, body: { errors: [{ path: 'reason' }] } })
  }
  t.match(await cancel(made.id, nurse.token, { why: 'x' }), { status: 400, body: { detail: /why/ } })
  t.equal((await cancel('1', nurse.token)).status, 400)
  t.equal(await heldNow(), 5)
  must(200, await cancel(made.id, nurse.token))
})

t.test('409 reservation_not_held: one that was collected or has expired', async (t) => {
  const [collected, expired] = [await hold(), await hold()]
  const reservations = [{ id: collected.id, pickupCode: collected.pickupCode }]
  must(201, await world.dispense(place, nurse.id, 5, { reservations }))
  await letExpire(db, expired.id)
  for (const [{ id }, status] of [
    [collected, 'collected'],
    [expired, 'expired'],
  ] as const) {
    const body = { code: 'reservation_not_held', reservationStatus: status }
    t.match(await cancel(id, nurse.token), { status: 409, body }, status)
    t.equal((await call('GET', `/v1/reservations/${id}`, { token: nurse.token })).body.status, status)
  }
})

t.test('401 without a token; 403 for regulators and the admin', async (t) => {
  const made = await hold()
  t.equal((await cancel(made.id, undefined)).status, 401)
  for (const token of [world.regulator, world.admin]) {
    t.match(await cancel(made.id, token), { status: 403, body: { code: 'forbidden' } })
  }
  must(200, await cancel(made.id, nurse.token))
})

t.test('404: another’s reservation is as if it were not there', async (t) => {
  const made = await hold()
  t.equal((await cancel(seededUuid(), nurse.token)).status, 404)
  t.match(await cancel(made.id, colleague.token), { status: 404, body: { code: 'not_found' } })
  t.match(await cancel(made.id, other.token, { reason: 'x' }), { status: 404, body: { code: 'not_found' } })
  must(200, await cancel(made.id, nurse.token))
})

t.test('a cancellation keeps what every write promises, and its key 30 days', async (t) => {
  const [made, another] = [await hold(), await hold()]
  const body = { reason: 'box damaged' }
  await testWrite(t, service, {
    caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
    method: 'POST',
    path: `/v1/reservations/${made.id}/cancellation`,
    body,
    other: { path: `/v1/reservations/${another.id}/cancellation`, body },
    status: 200,
  })
  t.strictSame(await daysKept(db, 'once'), [30])
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
