import { createLocalJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/keys.ts'
import { startService } from '../../support/service.ts'

const service = await startService(t)

t.test('200: anybody may read the public keys, and a stock library verifies our tokens with them', async (t) => {
  const { status, body } = await service.call('GET', '/.well-known/jwks.json')
  t.equal(status, 200)
  const token = await service.token({ role: 'admin', subject: 'admin' })
  const { payload } = await jwtVerify(token, createLocalJWKSet(body), {
    algorithms: ['ES256'],
    issuer: ISSUER,
    audience: AUDIENCE,
  })
  t.match(payload, { sub: 'admin', role: 'admin' })
})

t.test('nothing private is in them', async (t) => {
  const { body } = await service.call('GET', '/.well-known/jwks.json')
  t.match(body.keys, [{ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256', kid: service.key.id }])
  for (const jwk of body.keys) t.strictSame(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

t.test('414: a URL that is too long', async (t) => {
  const answer = await service.call('GET', `/.well-known/jwks.json?x=${'x'.repeat(9_000)}`)
  t.match(answer, { status: 414, body: { code: 'uri_too_long' } })
})
