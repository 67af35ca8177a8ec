import { createLocalJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER, signToken } from '../../../src/http/tokens.ts'
import { startWithoutDatabase } from '../../support/no-database.ts'
import { makeKey } from '../../support/service.ts'

const key = await makeKey()
const app = await startWithoutDatabase(t, key)
const url = '/.well-known/jwks.json'

t.test('200: anybody may read the public keys, and a stock library verifies our tokens with them', async (t) => {
  const answer = await app.inject({ url })
  t.equal(answer.statusCode, 200)
  const token = await signToken(key, { role: 'admin', subject: 'admin', ttlSeconds: 60 })
  const { payload } = await jwtVerify(token, createLocalJWKSet(answer.json()), {
    algorithms: ['ES256'],
    issuer: ISSUER,
    audience: AUDIENCE,
  })
  t.match(payload, { sub: 'admin', role: 'admin' })
})

t.test('200: nothing private is in them', async (t) => {
  const { keys } = (await app.inject({ url })).json()
  t.match(keys, [{ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256', kid: key.id }])
  for (const jwk of keys) t.strictSame(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

t.test('414: a URL that is too long', async (t) => {
  const answer = await app.inject({ url: `${url}?x=${'x'.repeat(9_000)}` })
  t.match(answer.json(), { status: 414, code: 'uri_too_long' })
})
