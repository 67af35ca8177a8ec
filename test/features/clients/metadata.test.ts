import { decodeJwt } from 'jose'
import t from 'tap'
import { signClientToken } from '../../../src/http/tokens.ts'
import { askToken, basic, COUNTER, grant, makeClient } from '../../support/clients.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const PUBLIC_URL = 'https://masks.example.org'
const url = '/.well-known/oauth-authorization-server'

t.test('200: the metadata hold what RFC 8414 asks for, and where they lead is there', async (t) => {
  const { app, call } = await startService(t, { PUBLIC_URL })
  const { status, body } = await call('GET', url)
  t.equal(status, 200)
  const issuer = new URL(body.issuer)
  t.equal(body.issuer, PUBLIC_URL)
  t.strictSame([issuer.search, issuer.hash, body.issuer.endsWith('/')], ['', '', false])
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
  t.strictSame(body.grant_types_supported, ['client_credentials', exchange])
  t.strictSame(body.response_types_supported, [], 'required, and there are none')
  t.strictSame(body.token_endpoint_auth_methods_supported, ['client_secret_basic', 'private_key_jwt'])
  const algorithms: string[] = body.token_endpoint_auth_signing_alg_values_supported
  t.ok(algorithms.includes('RS256') && algorithms.includes('ES256'))
  t.notOk(algorithms.some((alg) => alg === 'none' || alg.startsWith('HS')))
  for (const scope of COUNTER) t.ok(body.scopes_supported.includes(scope))
  for (const [name, method] of [
    ['token_endpoint', 'POST'],
    ['jwks_uri', 'GET'],
    ['service_documentation', 'GET'],
  ] as const) {
    const there = new URL(body[name])
    t.equal(there.origin, PUBLIC_URL)
    t.not((await app.inject({ method, url: there.pathname })).statusCode, 404, name)
  }
})

t.test('with a public URL tokens say so; the caller is the same under both names', async (t) => {
  const service = await startService(t, { PUBLIC_URL })
  const world = await makeWorld(service)
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 100))
  const client = await makeClient(service, world.admin)
  await grant(service, place, client)
  const token = must(200, await askToken(service, basic(client))).body.access_token
  t.equal(decodeJwt(token).iss, PUBLIC_URL)
  const body = {
    professional: nurse.id,
    identityCheck: { method: 'cps_card' },
    lines: [{ product: 'surgical', quantity: 1 }],
  }
  const dispense = (bearer: string) => service.call('POST', '/v1/dispensations', { token: bearer, key: 'once', body })
  const first = must(201, await dispense(token))
  const older = await signClientToken(service.key, {
    issuer: 'gomask',
    client: client.id,
    scope: COUNTER.join(' '),
    issuedAt: Date.now() / 1000,
    ttlSeconds: 300,
  })
  const again = await dispense(older)
  t.strictSame([again.body, again.headers['idempotency-replayed']], [first.body, 'true'])
})

t.test('404 where no public URL is set: the metadata would name a wrong one', async (t) => {
  const { call } = await startService(t)
  t.match(await call('GET', url), { status: 404, body: { code: 'not_found' } })
})
