import { decodeJwt, decodeProtectedHeader } from 'jose'
import t from 'tap'
import { askToken, basic, COUNTER, grant, makeClient, tokenOf } from '../../support/clients.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { app, call } = service
const world = await makeWorld(service, null)
const { admin } = world
const client = await makeClient(service, admin)
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const refused = {
  status: 401,
  body: { error: 'invalid_client' },
  headers: { 'content-type': /^application\/json/, 'cache-control': 'no-store', 'www-authenticate': /^Basic realm=/ },
}

t.test('200: a client gets a token with its secret, said as RFC 6749 says it', async (t) => {
  const { status, body, headers } = await askToken(service, basic(client))
  t.equal(status, 200)
  t.match(headers, { 'cache-control': 'no-store', pragma: 'no-cache', 'content-type': /^application\/json/ })
  t.match(body, { token_type: 'Bearer', expires_in: 900, scope: COUNTER.join(' ') })
  t.match(decodeProtectedHeader(body.access_token), { alg: 'ES256', typ: 'at+jwt', kid: service.key.id })
  const claims = decodeJwt(body.access_token)
  t.match(claims, { iss: 'gomask', aud: 'gomask', sub: client.id, client_id: client.id, scope: COUNTER.join(' ') })
  t.ok(claims.jti)
  t.equal(claims.exp, Math.floor(claims.iat ?? 0) + 900)
  t.strictSame(Object.keys(claims).sort(), ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub'])
})

t.test('200: id and secret come form-encoded within Basic, and the scheme in any case', async (t) => {
  const encoded = [client.id, client.secret].map((text) => text.replaceAll('-', '%2D').replaceAll('.', '%2e')).join(':')
  for (const scheme of ['Basic', 'basic', 'BASIC']) {
    const authorization = `${scheme} ${Buffer.from(encoded).toString('base64')}`
    t.equal((await askToken(service, { authorization })).status, 200)
  }
})

t.test('200: the scope is narrowed to what the client has; others are left out, none is invalid_scope', async (t) => {
  const ask = (scope: string) => askToken(service, basic(client), { scope })
  t.match(await ask('stock:write'), { status: 200, body: { scope: 'stock:write' } })
  t.match(await ask('clients:write stock:read nonsense'), { status: 200, body: { scope: 'stock:read' } })
  t.match(await ask(''), { status: 200, body: { scope: COUNTER.join(' ') } })
  t.match(await ask('clients:write'), { status: 400, body: { error: 'invalid_scope' } })
})

t.test('200: tokens live as long as the client’s are to', async (t) => {
  const long = await makeClient(service, admin, { tokenSeconds: 3600 })
  const { body } = await askToken(service, basic(long))
  const { iat = 0, exp } = decodeJwt(body.access_token)
  t.strictSame([body.expires_in, exp], [3600, Math.floor(iat) + 3600])
})

t.test('401: a wrong secret, an unknown client and no client at all are answered alike', async (t) => {
  const other = await makeClient(service, admin)
  const unknown = '0197a000-0000-7000-8000-000000000000'
  const answers = await Promise.all(
    [
      basic({ id: client.id, secret: other.secret }),
      basic({ id: client.id, secret: `${client.secret.slice(0, -1)}${client.secret.endsWith('A') ? 'E' : 'A'}` }),
      basic({ id: client.id, secret: 'wrong' }),
      basic({ id: client.id, secret: '' }),
      basic({ id: unknown, secret: client.secret }),
      basic({ id: 'nobody', secret: client.secret }),
      basic({ id: "' or 1=1 --\0", secret: '\0' }),
      { authorization: `Basic ${Buffer.from(client.id).toString('base64')}` },
      { authorization: `Basic ${Buffer.from(`${client.id}:%zz`).toString('base64')}` },
      { authorization: 'Basic' },
      { authorization: `Bearer ${admin}` },
      {},
    ].map((headers) => askToken(service, headers as Record<string, string>)),
  )
  for (const answer of answers) t.match(answer, refused)
  t.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
})

t.test('a secret in the URL or in the body is refused, though it is right', async (t) => {
  const { id: client_id, secret: client_secret } = client
  t.match(await askToken(service, {}, { client_id, client_secret }), refused)
  t.match(await askToken(service, basic(client), { client_secret }), refused)
  const body = 'grant_type=client_credentials'
  for (const query of [new URLSearchParams({ client_id, client_secret }), 'access_token=x', 'grant_type=x']) {
    const answer = await call('POST', `/oauth/token?${query}`, { headers: { ...FORM, ...basic(client) }, body })
    t.match(answer, { status: 400, body: { error: 'invalid_request' } })
    t.notMatch(JSON.stringify(answer), client_secret)
  }
})

t.test('400: another grant type, none, a member twice, no body', async (t) => {
  const post = (body?: string) => call('POST', '/oauth/token', { headers: { ...FORM, ...basic(client) }, body })
  t.match(await post('grant_type=password&username=a&password=b'), {
    status: 400,
    body: { error: 'unsupported_grant_type' },
  })
  for (const wrong of [
    undefined,
    '',
    'scope=stock:read',
    'grant_type=client_credentials&grant_type=client_credentials',
  ]) {
    t.match(await post(wrong), { status: 400, body: { error: 'invalid_request' } }, wrong ?? 'nothing')
  }
  const mismatch = await askToken(service, basic(client), { client_id: '0197a000-0000-7000-8000-000000000000' })
  t.match(mismatch, refused)
  t.equal((await askToken(service, basic(client), { client_id: client.id, other: 'https://x' })).status, 200)
})

t.test(
  'every error under /oauth is one of OAuth, and JSON is read there as little as forms are elsewhere',
  async (t) => {
    const json = await call('POST', '/oauth/token', {
      headers: basic(client),
      body: { grant_type: 'client_credentials' },
    })
    t.match(json, { status: 415, body: { error: 'invalid_request' } })
    const large = await askToken(service, basic(client), { scope: 'x'.repeat(20_000) })
    t.match(large, { status: 413, body: { error: 'invalid_request' } })
    const long = await call('POST', `/oauth/token?${'x'.repeat(9_000)}`, { headers: FORM, body: '' })
    t.match(long, { status: 414, body: { error: 'invalid_request' } })
    for (const [status, method, url] of [
      [405, 'GET', '/oauth/token'],
      [404, 'POST', '/oauth/authorize'],
    ] as const) {
      const answer = await app.inject({ method, url })
      t.equal(answer.statusCode, status)
      t.match(answer.headers['content-type'], /^application\/json/)
      t.match(answer.json(), { error: 'invalid_request' })
    }
    const elsewhere = await call('POST', '/v1/clients', { token: admin, headers: FORM, body: 'name=x' })
    t.match(elsewhere, { status: 415, body: { code: 'unsupported_media_type' } })
  },
)

t.test(
  'a suspended client: 403 with a live token, invalid_client for another; active again, it works again',
  async (t) => {
    const [till, place] = [await makeClient(service, admin), await world.pharmacy(1)]
    await grant(service, place, till)
    const token = await tokenOf(service, till)
    const set = async (status: string) =>
      must(
        200,
        await call('PUT', `/v1/clients/${till.id}`, { token: admin, body: { name: 'T', scopes: COUNTER, status } }),
      )
    const read = () => call('GET', `/v1/pharmacies/${place.finess}/stock`, { token })
    t.equal((await read()).status, 200)
    await set('suspended')
    t.match(await read(), { status: 403, body: { code: 'forbidden' } })
    t.match(await askToken(service, basic(till)), refused)
    await set('active')
    t.equal((await read()).status, 200)
    t.equal((await askToken(service, basic(till))).status, 200)
    await set('revoked')
    t.match(await read(), { status: 401, body: { code: 'unauthenticated' } })
    t.match(await askToken(service, basic(till)), refused)
  },
)
