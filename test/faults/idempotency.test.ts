import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { forgetExpiredKeys } from '../../src/store/idempotency.ts'
import { invariantsHold } from '../support/invariants.ts'
import { asOwner, daysKept, refusalsOn } from '../support/records.ts'
import { callers, routesOf } from '../support/routes.ts'
import { type Answer, startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { minutesAgo } from '../support/times.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 10_000))

const REQUIRED = [
  'POST /v1/reservations',
  'POST /v1/dispensations',
  'POST /v1/dispensations/{id}/reversal',
  'POST /v1/pharmacies/{finess}/stock-movements',
  'POST /v1/pharmacies/{finess}/deliveries',
]
const keyed = routesOf(service.app).filter(({ name }) => REQUIRED.includes(name))

const dispense = (id: string, quantity: number, key: string, token = place.token, more: object = {}) =>
  call('POST', '/v1/dispensations', { token, key, body: dispensationBody(id, quantity, more) })
const history = '/v1/professionals/me/history'
const received = async (token: string) => (await call('GET', history, { token })).body.items.length

t.test('a missing key is 400, where something could happen twice', async (t) => {
  const answers: Answer[] = []
  for (const { method, path, roles, body } of keyed) {
    const [role] = roles
    if (role) answers.push(await call(method, path, { token: await service.token(callers[role]), body }))
  }
  t.same(tally(answers), { '400 idempotency_key_missing': REQUIRED.length })
})

t.test('an empty key, one over 255 characters or one that is not visible ASCII is 400', async (t) => {
  const nurse = await world.professional(2)
  const body = dispensationBody(nurse.id, 1)
  const send = (key: string) =>
    call('POST', '/v1/dispensations', { token: place.token, body, headers: { 'idempotency-key': key } })
  for (const key of ['', 'x'.repeat(256), 'two words', 'é', 'a\tb']) {
    const answer = await send(key)
    t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path: 'Idempotency-Key' }] } })
  }
  t.equal(await received(nurse.token), 0)
  t.equal((await send('x'.repeat(255))).status, 201)
  t.equal((await send('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')).status, 201)
})

t.test('the same key and body answer again what they answered first, and say so', async (t) => {
  const nurse = await world.professional(3)
  const first = await dispense(nurse.id, 3, 'fault-3')
  t.equal(first.status, 201)
  const again = await dispense(nurse.id, 3, 'fault-3')
  t.strictSame([again.status, again.body], [201, first.body])
  t.equal(again.headers['idempotency-replayed'], 'true')
  const { professional, identityCheck, lines } = dispensationBody(nurse.id, 3) as Record<string, unknown>
  const reordered = { lines, identityCheck, professional }
  const sorted = await call('POST', '/v1/dispensations', { token: place.token, key: 'fault-3', body: reordered })
  t.strictSame(sorted.body, first.body, 'members in another order are the same body')
  const renewed = await service.token({ role: 'pharmacy', subject: `till-${place.finess}`, finess: [place.finess] })
  t.strictSame((await dispense(nurse.id, 3, 'fault-3', renewed)).body, first.body, 'a renewed token is the same caller')
  t.equal(await received(nurse.token), 1)
})

t.test('another body, or another route, under the same key is 422', async (t) => {
  const nurse = await world.professional(4)
  must(201, await dispense(nurse.id, 3, 'fault-4'))
  const reused = { status: 422, body: { code: 'idempotency_key_reused' } }
  t.match(await dispense(nurse.id, 4, 'fault-4'), reused)
  const { token } = place
  const path = `/v1/pharmacies/${place.finess}/stock`
  const movement = { product: 'surgical', kind: 'loss', quantity: 1, occurredAt: minutesAgo(0) }
  t.match(await call('POST', `${path}-movements`, { token, key: 'fault-4', body: movement }), reused)
  const body = { onHand: 1, countedAt: minutesAgo(0) }
  t.match(await call('PUT', `${path}/surgical`, { token, key: 'fault-4', body }), reused)
  t.equal(await received(nurse.token), 1)
})

t.test('the same key many times at once has one effect, the others replay or are 409', async (t) => {
  const nurse = await world.professional(5)
  const answers = await atOnce(range(12), () => dispense(nurse.id, 3, 'fault-5'))
  const { 201: done = 0, '409 idempotency_in_progress': waiting = 0 } = tally(answers)
  t.equal(done + waiting, 12)
  t.equal(answers.filter(({ status, headers }) => status === 201 && !headers['idempotency-replayed']).length, 1)
  t.equal(await received(nurse.token), 1)
})

t.test('another caller’s key is independent, and so is another pharmacy’s of the same caller', async (t) => {
  const nurse = await world.professional(6)
  const both = [place.finess, other.finess]
  const till = (subject: string) => service.token({ role: 'pharmacy', subject, finess: [place.finess] })
  for (const token of [await till('till-a'), await till('till-b')]) {
    t.notOk(must(201, await dispense(nurse.id, 1, 'fault-6', token)).headers['idempotency-replayed'])
  }
  const group = await service.token({ role: 'pharmacy', subject: 'group', finess: both })
  for (const pharmacy of both) {
    const answer = await dispense(nurse.id, 1, 'fault-6', group, { pharmacy })
    t.match(answer, { status: 201, body: { pharmacy } })
    t.notOk(answer.headers['idempotency-replayed'])
  }
  const again = await dispense(nurse.id, 1, 'fault-6', group, { pharmacy: other.finess })
  t.match(again, { status: 201, body: { pharmacy: other.finess }, headers: { 'idempotency-replayed': 'true' } })
  t.equal(await received(nurse.token), 4)
})

t.test('retried after its key is gone, a collected reservation is 409, never dispensed again', async (t) => {
  const nurse = await world.professional(7)
  const hold = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess })).body
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const collect = () => dispense(nurse.id, 5, 'fault-7', place.token, { reservations })
  must(201, await collect())
  t.match(await collect(), { status: 201, headers: { 'idempotency-replayed': 'true' } })
  await forget('fault-7')
  t.match(await collect(), { status: 409, body: { code: 'reservation_not_held' } })
  t.equal(await received(nurse.token), 1)
})

t.test('a refusal is not stored: sent again under its key it is judged again', async (t) => {
  const nurse = await world.professional(8)
  const place3 = await world.pharmacy(3)
  const send = () => dispense(nurse.id, 5, 'judged-again', place3.token)
  t.match(await send(), { status: 409, body: { code: 'stock_insufficient', available: 0 } })
  must(201, await world.count(place3, 4))
  t.match(await send(), { status: 409, body: { code: 'stock_insufficient', available: 4 } })
  t.strictSame(await daysKept(db, 'judged-again'), [])
  must(200, await world.count(place3, 5))
  const done = await send()
  t.equal(done.status, 201)
  t.notOk(done.headers['idempotency-replayed'])
  t.match(await send(), { status: 201, headers: { 'idempotency-replayed': 'true' } })
  t.equal((await refusalsOn(db, nurse.id)).length, 2, 'each refusal was kept')
})

t.test('a 400 is not stored either, and a request without fault may follow under its key', async (t) => {
  const nurse = await world.professional(9)
  t.equal((await dispense(nurse.id, 0, 'put-right')).status, 400)
  t.equal((await dispense(nurse.id, 1, 'put-right')).status, 201)
})

t.test('an expired key is free for another request, though no job has taken it away', async (t) => {
  const nurse = await world.professional(10)
  const reserve = (quantity: number) =>
    call('POST', '/v1/reservations', {
      token: nurse.token,
      key: 'thirty-days',
      body: { product: 'surgical', quantity, pharmacy: place.finess },
    })
  const first = must(201, await reserve(1)).body
  t.equal((await reserve(2)).status, 422)
  await asOwner(db, `update idempotency_keys set expires_at = now() - interval '1 ms' where key = 'thirty-days'`)
  const second = await reserve(2)
  t.equal(second.status, 201)
  t.not(second.body.id, first.id)
  t.strictSame(await daysKept(db, 'thirty-days'), [30])
  await forgetExpiredKeys(db)
  t.strictSame(await daysKept(db, 'thirty-days'), [30], 'the sweep leaves it')
})

t.test('all lines or none: with one short nothing is done, and the key stays free', async (t) => {
  const nurse = await world.professional(11)
  const place4 = await world.pharmacy(4)
  must(201, await world.count(place4, 10))
  must(201, await world.count(place4, 3, 'ffp2'))
  const before = await movementsOf(place4.finess)
  const lines = [
    { product: 'surgical', quantity: 5 },
    { product: 'ffp2', quantity: 4 },
  ]
  for (const order of [lines, lines.toReversed()]) {
    const answer = await dispense(nurse.id, 0, 'fault-12', place4.token, { lines: order })
    t.match(answer, { status: 409, body: { code: 'stock_insufficient', product: 'ffp2', available: 3 } })
  }
  t.strictSame(await movementsOf(place4.finess), before)
  t.equal(await received(nurse.token), 0)
})

t.test('on hand and held are the sums of their movements and holds, and no cap was passed', (t) =>
  invariantsHold(t, db),
)

/** Takes a key away, as the sweep does with those whose time is over. */
async function forget(key: string): Promise<void> {
  await rows(db, 'forget_key', sql`delete from idempotency_keys where key = ${key}`)
}

async function movementsOf(pharmacy: string): Promise<unknown[]> {
  return rows(db, 'movements_of', sql`select id from stock_movements where pharmacy = ${pharmacy} order by id`)
}
