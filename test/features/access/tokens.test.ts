import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/keys.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { makeKey, startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, key } = service
const world = await makeWorld(service)
const nurse = await world.professional(1)
const place = await world.pharmacy(1)
must(201, await world.count(place, 100))
const now = Math.floor(Date.now() / 1000)

interface Made {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  signer?: KeyObject
}

/** A token such as this service signs for its admin, but for what is said. */
function make({ header = {}, claims = {}, signer = key.privateKey }: Made = {}): Promise<string> {
  const whole = { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 600, ...claims }
  const given = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return new SignJWT(given)
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.id, ...header } as never)
    .sign(signer)
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 600 }
const ask = (token: string) => call('GET', '/v1/allocation-rules', { token })
const refused = {
  status: 401,
  body: { code: 'unauthenticated', status: 401 },
  headers: { 'www-authenticate': 'Bearer' },
}

t.test('200: a token as this service signs it opens its routes', async (t) => {
  t.equal((await ask(await make())).status, 200)
})

t.test('401: alg none, with no signature or any (fault 39)', async (t) => {
  for (const alg of ['none', 'None', 'NONE']) {
    const unsigned = `${base64({ alg, typ: 'JWT', kid: key.id })}.${base64(claims)}`
    t.match(await ask(`${unsigned}.`), refused)
    t.match(await ask(`${unsigned}.c2lnbmF0dXJl`), refused)
  }
})

t.test('401: HS256 signed with the public key as its secret (fault 40)', async (t) => {
  for (const secret of [key.publicPem, JSON.stringify(key.publicJwk), key.id, '']) {
    const unsigned = `${base64({ alg: 'HS256', typ: 'JWT', kid: key.id })}.${base64(claims)}`
    const signature = createHmac('sha256', secret).update(unsigned).digest('base64url')
    t.match(await ask(`${unsigned}.${signature}`), refused)
  }
})

t.test('401: a kid that is a path, SQL, a URL or another key’s, though it is well signed (fault 41)', async (t) => {
  const stranger = await makeKey()
  for (const kid of ['../../../dev/null', "' or 1=1 --", 'https://evil.example/key', stranger.id, '', 7, undefined]) {
    t.match(await ask(await make({ header: { kid } })), refused, String(kid))
    t.match(await ask(await make({ header: { kid }, signer: stranger.privateKey })), refused, String(kid))
  }
})

t.test('401: jku, x5u and an embedded jwk are no keys (fault 42)', async (t) => {
  const stranger = await makeKey()
  const jku = 'http://127.0.0.1:9/jwks.json'
  for (const header of [
    { jku },
    { x5u: jku },
    { jwk: stranger.publicJwk },
    { jwk: stranger.publicJwk, kid: stranger.id },
  ]) {
    t.match(await ask(await make({ header, signer: stranger.privateKey })), refused, Object.keys(header).join())
  }
})

t.test('401: expired, not yet valid, wrong issuer or audience, signature stripped (fault 43)', async (t) => {
  for (const [name, wrong] of Object.entries({
    expired: { exp: now - 1 },
    'without end': { exp: undefined },
    'not yet valid': { nbf: now + 600 },
    'of another issuer': { iss: 'https://evil.example' },
    'of no issuer': { iss: undefined },
    'for another audience': { aud: 'another' },
    'for no audience': { aud: undefined },
    'for nobody': { sub: undefined },
  })) {
    t.match(await ask(await make({ claims: wrong })), refused, name)
  }
  const [header, payload, signature = ''] = (await make()).split('.')
  for (const stripped of [`${header}.${payload}.`, `${header}.${payload}`, `${header}..${signature}`, `${signature}`]) {
    t.match(await ask(stripped), refused)
  }
  const forged = base64({ ...claims, sub: 'somebody-else' })
  t.match(await ask(`${header}.${forged}.${signature}`), refused, 'another content under this signature')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  t.match(await ask(await make({ signer: privateKey })), refused, 'another key under this kid')
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
    t.match(await ask(await make({ claims: wrong })), refused, JSON.stringify(wrong))
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
