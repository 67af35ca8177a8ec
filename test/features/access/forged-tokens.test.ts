import { createHmac, createPublicKey, type KeyObject } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/tokens.ts'
import { rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { makeKey } from '../../support/service.ts'

const [provider, elsewhere] = [await startProvider(t), await startProvider(t)]
const alias = provider.issuer.replace('127.0.0.1', 'localhost')
const sameKeys = { issuer: alias, algorithms: ['PS256'], jwksUri: `${provider.issuer}/jwks` }
const { call, key } = await startWithIssuers(t, [settingsOf(provider), settingsOf(provider, sameKeys)])
const stranger = await makeKey()
const now = Math.floor(Date.now() / 1000)
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const ask = (token: string) => call('GET', '/v1/allocation-rules', { token })
const refused = {
  status: 401,
  body: { code: 'unauthenticated', status: 401 },
  headers: { 'www-authenticate': 'Bearer' },
}

/** An issuer with all that is public of it, and one of its tokens as it signs them. */
interface Forged {
  header: { alg: string; kid: string; typ?: string }
  claims: Record<string, unknown>
  signer: KeyObject
}

const issuers: Record<string, Forged> = {
  'this service': {
    header: { alg: 'ES256', kid: key.id },
    claims: { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 3_600 },
    signer: key.privateKey,
  },
  'a provider': {
    header: { alg: 'RS256', kid: provider.kid, typ: 'at+jwt' },
    claims: {
      ...claimsFor(rpps(1)),
      iss: provider.issuer,
      aud: provider.audience,
      sub: 'f:1:nurse',
      iat: now,
      exp: now + 3_600,
    },
    signer: provider.key,
  },
}

for (const [name, issuer] of Object.entries(issuers)) {
  /** A token as the issuer signs it, but for what is said. */
  const make = ({
    header = {},
    claims = {},
    signer = issuer.signer,
  }: Partial<Record<'header' | 'claims', object>> & { signer?: KeyObject } = {}) =>
    new SignJWT(JSON.parse(JSON.stringify({ ...issuer.claims, ...claims })))
      .setProtectedHeader({ typ: 'JWT', ...issuer.header, ...header } as never)
      .sign(signer)
  const strangers = { ...issuer.header, alg: 'ES256' }

  t.test(`${name}: 200: a token as it signs them`, async (t) => {
    t.equal((await ask(await make())).status, 200)
  })

  t.test(`${name}: 401: alg none, with no signature or any`, async (t) => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const unsigned = `${base64({ ...issuer.header, alg })}.${base64(issuer.claims)}`
      t.match(await ask(`${unsigned}.`), refused)
      t.match(await ask(`${unsigned}.c2lnbmF0dXJl`), refused)
    }
  })

  t.test(`${name}: 401: HS256 signed with what is public as its secret`, async (t) => {
    const publicKey = createPublicKey(issuer.signer)
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const jwk = JSON.stringify(await exportJWK(publicKey))
    for (const secret of [pem, pem.trim(), jwk, issuer.header.kid, '']) {
      for (const bits of ['256', '512']) {
        const unsigned = `${base64({ ...issuer.header, alg: `HS${bits}` })}.${base64(issuer.claims)}`
        const signature = createHmac(`sha${bits}`, secret).update(unsigned).digest('base64url')
        t.match(await ask(`${unsigned}.${signature}`), refused)
      }
    }
  })

  t.test(`${name}: 401: a kid that is a path, SQL, a URL or another key’s, though it is well signed`, async (t) => {
    const kids = ['../../../dev/null', "' or 1=1 --", `${elsewhere.issuer}/jwks`, stranger.id, '', 7, ['a'], null]
    for (const kid of kids) {
      t.match(await ask(await make({ header: { kid } })), refused, String(kid))
      t.match(await ask(await make({ header: { ...strangers, kid }, signer: stranger.privateKey })), refused)
    }
  })

  t.test(`${name}: 401: jku, x5u and an embedded jwk are no keys`, async (t) => {
    const jku = `${elsewhere.issuer}/jwks`
    for (const header of [
      { jku },
      { x5u: jku },
      { jwk: stranger.publicJwk },
      { jwk: stranger.publicJwk, kid: stranger.id },
      { x5c: [stranger.publicPem] },
    ]) {
      const forged = await make({ header: { ...strangers, ...header }, signer: stranger.privateKey })
      t.match(await ask(forged), refused, Object.keys(header).join())
    }
    const jwks = { jku, kid: elsewhere.kid, alg: 'RS256' }
    t.match(await ask(await make({ header: jwks, signer: elsewhere.key })), refused)
    t.same(new Set(Object.values(elsewhere.asked)), new Set([0]), 'nobody looked there')
  })

  t.test(`${name}: 401: expired, not yet valid, wrong issuer or audience, signature stripped`, async (t) => {
    for (const [what, wrong] of Object.entries({
      expired: { exp: now - 1 },
      'without end': { exp: undefined },
      'ended by a word': { exp: 'tomorrow' },
      'not yet valid': { nbf: now + 3_600 },
      'of another issuer': { iss: elsewhere.issuer },
      'of an issuer with a slash more': { iss: `${issuer.claims.iss}/` },
      'of several issuers': { iss: [issuer.claims.iss] },
      'of no issuer': { iss: undefined },
      'for another audience': { aud: 'another' },
      'for the audience of another issuer': { aud: name === 'this service' ? provider.audience : AUDIENCE },
      'for no audience': { aud: undefined },
      'for nobody': { sub: undefined },
    })) {
      t.match(await ask(await make({ claims: wrong })), refused, what)
    }
    const [header, payload, signature = ''] = (await make()).split('.')
    for (const stripped of [`${header}.${payload}.`, `${header}.${payload}`, `${header}..${signature}`, signature]) {
      t.match(await ask(stripped), refused)
    }
    const forged = base64({ ...issuer.claims, sub: 'somebody-else' })
    t.match(await ask(`${header}.${forged}.${signature}`), refused, 'another content under this signature')
    t.match(await ask(await make({ header: strangers, signer: stranger.privateKey })), refused, 'another key, this kid')
  })
}

t.test('401: no issuer speaks with the key, or by the algorithm, of another', async (t) => {
  const [own, foreign] = Object.values(issuers) as [Forged, Forged]
  const sign = (header: object, claims: object, signer: KeyObject) =>
    new SignJWT({ ...claims }).setProtectedHeader({ typ: 'JWT', ...header } as never).sign(signer)
  t.match(await ask(await sign(own.header, foreign.claims, own.signer)), refused)
  t.match(await ask(await sign(foreign.header, own.claims, foreign.signer)), refused)
  const ps256 = { ...foreign.header, alg: 'PS256' }
  const aliased = { ...foreign.claims, iss: alias }
  t.equal((await ask(await sign(ps256, aliased, foreign.signer))).status, 200, 'allowed for this one')
  t.match(await ask(await sign(ps256, foreign.claims, foreign.signer)), refused, 'and not for that')
  t.match(await ask(await sign(foreign.header, aliased, foreign.signer)), refused)
})
