import t from 'tap'
import { letExpire } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 10 })
const { call, db } = service
const world = await makeWorld(service, 1_000)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
must(201, await world.count(place, 1_000))
const nurse = await world.professional(1)
const hold = async () => must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess })).body

const lookUp = (token: string | undefined, pickupCode: unknown, more: object = {}) =>
  call('POST', '/v1/reservations/lookup', { token, body: { pickupCode, ...more } })

t.test('200: the live reservation of a code at this pharmacy, without the code and the distance', async (t) => {
  const { pickupCode, distanceMetres: _, voucher: __, ...shown } = await hold()
  const answer = await lookUp(place.token, pickupCode)
  t.strictSame([answer.status, answer.body], [200, shown])
  const typed = await lookUp(place.token, ` ${pickupCode.toLowerCase().replace('-', ' ')} `)
  t.strictSame([typed.status, typed.body], [200, shown], 'as people type it')
  const scanned = await lookUp(place.token, `GOMASK:${pickupCode.replace('-', '')}`)
  t.strictSame([scanned.status, scanned.body], [200, shown], 'as a scanner reads it from the QR code')
})

t.test('404: a code of another pharmacy, of no reservation, of one that is over', async (t) => {
  const [live, expired, cancelled, collected] = [await hold(), await hold(), await hold(), await hold()]
  await letExpire(db, expired.id)
  must(200, await call('POST', `/v1/reservations/${cancelled.id}/cancellation`, { token: nurse.token }))
  const reservations = [{ id: collected.id, pickupCode: collected.pickupCode }]
  must(201, await world.dispense(place, nurse.id, 5, { reservations }))
  for (const { pickupCode } of [expired, cancelled, collected]) {
    t.match(await lookUp(place.token, pickupCode), { status: 404, body: { code: 'not_found' } })
  }
  t.match(await lookUp(other.token, live.pickupCode), { status: 404, body: { code: 'not_found' } })
  t.match(await lookUp(place.token, '0000-0000'), { status: 404, body: { code: 'not_found' } })
})

t.test('a token for several pharmacies names one: 400 without it, 403 for one it does not act for', async (t) => {
  const { pickupCode, id } = await hold()
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, other.finess] })
  t.match(await lookUp(token, pickupCode), { status: 400, body: { errors: [{ path: 'pharmacy' }] } })
  t.match(await lookUp(token, pickupCode, { pharmacy: place.finess }), { status: 200, body: { id } })
  t.equal((await lookUp(token, pickupCode, { pharmacy: other.finess })).status, 404)
  t.equal((await lookUp(other.token, pickupCode, { pharmacy: place.finess })).status, 403)
})

t.test('400: no code, an unknown field', async (t) => {
  t.match(await lookUp(place.token, undefined), { status: 400, body: { errors: [{ path: 'pickupCode' }] } })
  t.match(await lookUp(place.token, ''), { status: 400, body: { errors: [{ path: 'pickupCode' }] } })
  t.match(await lookUp(place.token, 'AAAA-AAAA', { code: 1 }), { status: 400, body: { detail: /code/ } })
})

t.test('401 without a token, 403 for every other role and a suspended pharmacy', async (t) => {
  t.equal((await lookUp(undefined, 'AAAA-AAAA')).status, 401)
  for (const token of [nurse.token, world.regulator, world.admin]) {
    t.match(await lookUp(token, 'AAAA-AAAA'), { status: 403, body: { code: 'forbidden' } })
  }
  const suspended = await world.pharmacy(3, { status: 'suspended' })
  t.match(await lookUp(suspended.token, 'AAAA-AAAA'), { status: 403, body: { code: 'pharmacy_suspended' } })
})

t.test('413 and 415: what is too large or not JSON is not read', async (t) => {
  t.match(await lookUp(place.token, 'x'.repeat(300 * 1024)), { status: 413, body: { code: 'payload_too_large' } })
  const text = { token: place.token, body: 'AAAA-AAAA', headers: { 'content-type': 'text/plain' } }
  t.match(await call('POST', '/v1/reservations/lookup', text), {
    status: 415,
    body: { code: 'unsupported_media_type' },
  })
})
