import { SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/tokens.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, key } = service
const world = await makeWorld(service)
const nurse = await world.professional(1)
const place = await world.pharmacy(1)
must(201, await world.count(place, 100))
const now = Math.floor(Date.now() / 1000)

/** A token such as this service signs for its admin, but for what is said; forgeries are in forged-tokens.test.ts. */
function make(claims: Record<string, unknown> = {}): Promise<string> {
  const whole = { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 3_600, ...claims }
  const given = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return new SignJWT(given).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.id }).sign(key.privateKey)
}

const ask = (token: string) => call('GET', '/v1/allocation-rules', { token })
const refused = {
  status: 401,
  body: { code: 'unauthenticated', status: 401 },
  headers: { 'www-authenticate': 'Bearer' },
}

t.test('200: a token as this service signs it opens its routes', async (t) => {
  t.equal((await ask(await make())).status, 200)
})

t.test('401: a token that says no role, one that there is not, or not on whose behalf', async (t) => {
  for (const wrong of [
    { role: undefined },
    { role: 'superuser' },
    { role: ['admin'] },
    { role: 'pharmacy', sub: 'till' },
    { role: 'pharmacy', sub: 'till', finess: [] },
    { role: 'pharmacy', sub: 'till', finess: ['310000000'] },
    { role: 'professional', sub: 'nobody' },
    { role: 'professional', sub: `${rpps(1)}0` },
  ]) {
    t.match(await ask(await make(wrong)), refused, JSON.stringify(wrong))
  }
})

t.test('401: no Authorization header, another scheme, the token elsewhere', async (t) => {
  const token = await make()
  for (const headers of [
    {},
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: 'Bearer' },
  ]) {
    t.match(await call('GET', '/v1/allocation-rules', { headers: headers as Record<string, string> }), refused)
  }
  const elsewhere = await call('GET', `/v1/allocation-rules?access_token=${token}`, {
    headers: { cookie: `token=${token}` },
  })
  t.match(elsewhere, refused)
})

t.test('a suspended or closed pharmacy: 403, and a group of pharmacies acts for the others', async (t) => {
  const [suspended, closed] = [
    await world.pharmacy(2, { status: 'suspended' }),
    await world.pharmacy(3, { status: 'closed' }),
  ]
  for (const { token } of [suspended, closed]) {
    const answer = await call('GET', '/v1/reservations', { token })
    t.match(answer, { status: 403, body: { code: 'pharmacy_suspended' } })
  }
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, suspended.finess] })
  const dispense = (pharmacy: string) => world.dispense({ finess: pharmacy, token }, nurse.id, 1, { pharmacy })
  t.equal((await dispense(place.finess)).status, 201)
  t.match(await dispense(suspended.finess), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.match(await dispense(finess(9)), { status: 403, body: { code: 'forbidden' } })
})
