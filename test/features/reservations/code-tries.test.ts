import t from 'tap'
import { WRONG_CODES_AN_HOUR } from '../../../src/domain/pickup-code.ts'
import { onServerOnly } from '../../support/database.ts'
import { asOwner } from '../../support/records.ts'
import { startBeside, startService } from '../../support/service.ts'
import { atOnce, range, tally } from '../../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const { atPharmacy, ofReservation } = WRONG_CODES_AN_HOUR
// Limits of requests out of the way: what is tried here holds without them.
const many = { RATE_LIMIT: 1_000_000, RATE_LIMIT_NOT_FOUND: 1_000_000, MAX_LIVE_HOLDS: 10 }
const service = await startService(t, many)
const { call, db } = service
const world = await makeWorld(service, 1_000)
const limited = { status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': /^[1-9]\d*$/ } }
const WRONG = '0000-0000'

async function counter(n: number) {
  const place = await world.pharmacy(n)
  const nurse = await world.professional(n)
  must(201, await world.count(place, 1_000))
  const hold = async () => must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess })).body
  const collect = (id: string, pickupCode: string) =>
    world.dispense(place, nurse.id, 5, { reservations: [{ id, pickupCode }] })
  const check = (id: string, pickupCode: string) =>
    call('POST', '/v1/dispensation-checks', {
      token: place.token,
      body: dispensationBody(nurse.id, 5, { reservations: [{ id, pickupCode }] }),
    })
  const lookUp = (pickupCode: string, through = call) =>
    through('POST', '/v1/reservations/lookup', { token: place.token, body: { pickupCode } })
  return { place, nurse, hold, collect, check, lookUp }
}

const anHourLater = () => asOwner(db, `update pickup_code_tries set at = at - interval '1 hour'`)

t.test('who mistypes three times is served the fourth', async (t) => {
  const { hold, collect, lookUp } = await counter(1)
  const { id, pickupCode } = await hold()
  for (const _ of range(3)) t.equal((await lookUp(WRONG)).status, 404)
  t.equal((await lookUp(pickupCode)).status, 200)
  for (const _ of range(3)) t.match(await collect(id, WRONG), { status: 409, body: { code: 'pickup_code_wrong' } })
  t.equal((await collect(id, pickupCode)).status, 201)
})

t.test('what cannot be a code costs no try: 400, looked up, checked and at the counter', async (t) => {
  const { hold, collect, check, lookUp } = await counter(20)
  const { id, pickupCode } = await hold()
  for (const typed of ['7K3M-9QX', '7K3M-9QXAB', 'UUUU-UUUU', '7K3M 9QX!']) {
    for (const answer of [await lookUp(typed), await check(id, typed), await collect(id, typed)]) {
      t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path: /pickupCode$/ }] } }, typed)
    }
  }
  const typed = ` ${pickupCode.toLowerCase().split('').join(' ')} `
  t.equal((await lookUp(typed)).status, 200)
  t.equal((await collect(id, typed)).status, 201)
})

t.test('429: a reservation whose code was wrong too often, the right one too; for an hour, and it alone', async (t) => {
  const { nurse, place, hold, collect, check } = await counter(2)
  const [tried, other] = [await hold(), await hold()]
  for (const n of range(ofReservation)) {
    const answer = await (n % 2 ? check : collect)(tried.id, WRONG)
    t.match(answer.body, { code: 'pickup_code_wrong' }, `${n + 1}`)
  }
  const refused = await collect(tried.id, tried.pickupCode)
  t.match(refused, limited)
  const retryAfter = Number(refused.headers['retry-after'])
  t.ok(retryAfter > 60 && retryAfter <= 3_600, `by the hour, not by the minute: ${retryAfter} s`)
  t.match(await check(tried.id, tried.pickupCode), limited)
  t.equal((await collect(other.id, other.pickupCode)).status, 201, 'another one is collected')
  t.equal((await world.dispense(place, nurse.id, 5)).status, 201, 'and who comes without one is served')
  await anHourLater()
  t.equal((await collect(tried.id, tried.pickupCode)).status, 201)
})

t.test('429: a pharmacy where too many were wrong, also at another process and after a restart', async (t) => {
  const { place, hold, collect, lookUp } = await counter(3)
  const elsewhere = await counter(4)
  const { id, pickupCode } = await hold()
  t.match(await collect(id, WRONG), { status: 409 })
  for (const n of range(atPharmacy - 1)) t.equal((await lookUp(WRONG)).status, 404, `${n + 2}`)
  t.match(await lookUp(pickupCode), limited)
  t.match(await collect(id, pickupCode), limited)
  const beside = await startBeside(t, service)
  t.match(await lookUp(pickupCode, beside.call), limited)
  t.equal((await elsewhere.lookUp((await elsewhere.hold()).pickupCode)).status, 200, 'another pharmacy goes on')
  await anHourLater()
  t.equal((await lookUp(pickupCode)).status, 200)
  t.equal((await lookUp(WRONG)).status, 404)
  const { rows } = await db.foreign('select 1 from pickup_code_tries where pharmacy = $1', [place.finess])
  t.equal(rows.length, 1, 'and what counts no more is not kept')
})

t.test('exactly so many, however many try at once', { skip: onServerOnly }, async (t) => {
  const { hold, collect, lookUp } = await counter(5)
  const { id } = await hold()
  const collected = tally(await atOnce(range(20), () => collect(id, WRONG)))
  t.strictSame(collected, { '409 pickup_code_wrong': ofReservation, '429 rate_limited': 20 - ofReservation })
  const left = atPharmacy - ofReservation
  const lookedUp = tally(await atOnce(range(100), () => lookUp(WRONG)))
  t.strictSame(lookedUp, { '404 not_found': left, '429 rate_limited': 100 - left })
})

t.test('RATE_LIMIT 0 turns this off too', async (t) => {
  const { hold, lookUp } = await counter(6)
  const { pickupCode } = await hold()
  for (const _ of range(atPharmacy)) await lookUp(WRONG)
  const unlimited = await startBeside(t, { ...service, config: { ...service.config, RATE_LIMIT: 0 } })
  t.match(await lookUp(pickupCode), limited)
  t.equal((await lookUp(pickupCode, unlimited.call)).status, 200)
})
