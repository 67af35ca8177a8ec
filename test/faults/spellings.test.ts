import { SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../src/http/tokens.ts'
import { startService } from '../support/service.ts'
import { dispensationBody, makeWorld, must, ruleBody } from '../support/world.ts'

// One value, however a program or a phone writes it.

const service = await startService(t, { MAX_LIVE_HOLDS: 20 })
const { call, key } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 10_000))
const hold = async () => must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body

t.test('an id in capitals is the same id, in paths, bodies and query strings', async (t) => {
  const { id, pickupCode } = await hold()
  t.equal((await call('GET', `/v1/reservations/${id.toUpperCase()}`, { token: nurse.token })).body.id, id)
  const reservations = [{ id: id.toUpperCase(), pickupCode }]
  const { body: entry } = must(201, await world.dispense(place, nurse.id, 1, { reservations }))
  t.strictSame(entry.reservations, [{ id, outcome: 'collected' }])
  const capitals = entry.id.toUpperCase()
  t.equal((await call('GET', `/v1/dispensations/${capitals}`, { token: place.token })).body.id, entry.id)
  const proof = `/v1/ledger/inclusion-proof?entry=${capitals}`
  t.equal((await call('GET', proof, { token: world.regulator })).body.code, 'entry_not_in_checkpoint')
  const body = { kind: 'entry_error' }
  const reversal = `/v1/dispensations/${capitals}/reversal`
  t.equal((await call('POST', reversal, { token: place.token, key: true, body })).status, 201)
  const rule = must(
    201,
    await call('POST', '/v1/allocation-rules', {
      token: world.admin,
      body: ruleBody({ beneficiaries: [{ profession: '98' }] }),
    }),
  )
  const withdrawal = `/v1/allocation-rules/${rule.body.id.toUpperCase()}/withdrawal`
  t.equal((await call('POST', withdrawal, { token: world.admin, body: {} })).body.id, rule.body.id)
})

t.test('coordinates are read as any program prints them', async (t) => {
  for (const near of [
    '48.85837009999999,2.2944813000000295',
    '43.60450000000000000001,1.444',
    '4.36045e1,1444e-3',
    '43.6045, 1.4440',
    '+43.6045,+1.444',
    '43.,1.',
    '-0.0,1e-7',
  ]) {
    const path = `/v1/pharmacies?near=${encodeURIComponent(near)}&product=surgical`
    t.equal((await call('GET', path, { token: nurse.token })).status, 200, near)
  }
})

t.test('a pick-up code is read with any dash, blanks, small letters, and O, I and L for digits', async (t) => {
  const { id, pickupCode } = await hold()
  const [left = '', right = ''] = pickupCode.split('-')
  for (const typed of [
    `${left}\u2010${right}`,
    `${left}\u2011${right}`,
    `${left} \u2013 ${right}`,
    `${left}\u2212${right}`,
    `${left}\u00a0${right}`,
    `\u200e${left}\u00ad${right}`,
    pickupCode.toLowerCase(),
    pickupCode.replaceAll('0', 'O').replaceAll('1', 'l'),
    pickupCode.replaceAll('0', 'o').replaceAll('1', 'I').replace('-', ''),
  ]) {
    const answer = await call('POST', '/v1/reservations/lookup', { token: place.token, body: { pickupCode: typed } })
    t.equal(answer.body.id, id, JSON.stringify(typed))
  }
})

t.test('an empty body sent in chunks is no body, as one of length 0 is; one of unnamed type is 415', async (t) => {
  const chunked = { 'transfer-encoding': 'chunked' }
  const path = `/v1/reservations/${(await hold()).id}/cancellation`
  t.match(await call('POST', path, { token: nurse.token, headers: chunked }), {
    status: 200,
    body: { status: 'cancelled' },
  })
  const { statusCode } = await service.app.inject({
    method: 'POST',
    url: '/v1/dispensations',
    headers: { ...chunked, authorization: `Bearer ${place.token}`, 'idempotency-key': 'unnamed' },
    payload: JSON.stringify(dispensationBody(nurse.id, 1)),
  })
  t.equal(statusCode, 415)
})

t.test('an issuer’s clock may run a few seconds ahead; a token never outlives what it says', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const ask = async (claims: object) => {
    const whole = { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 3_600, ...claims }
    const header = { alg: 'ES256', typ: 'JWT', kid: key.id }
    const token = await new SignJWT(whole).setProtectedHeader(header).sign(key.privateKey)
    return (await call('GET', '/v1/allocation-rules', { token })).status
  }
  t.equal(await ask({ iat: now + 20, nbf: now + 20 }), 200)
  t.equal(await ask({ nbf: now + 3_600 }), 401)
  t.equal(await ask({ exp: now - 5 }), 401)
})
