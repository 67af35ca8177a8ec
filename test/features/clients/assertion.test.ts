import { createHmac } from 'node:crypto'
import t from 'tap'
import {
  askToken,
  asserted,
  assertion,
  basic,
  clientBody,
  makeClient,
  makeClientKey,
  tokenOf,
} from '../../support/clients.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const PUBLIC_URL = 'https://masks.example.org'
const service = await startService(t, { PUBLIC_URL })
const { admin } = await makeWorld(service, null)
const keys = [await makeClientKey('first'), await makeClientKey('second')] as const
const [key] = keys
const client = await makeClient(service, admin, { jwks: { keys: keys.map(({ jwk }) => jwk) } })
const now = () => Math.floor(Date.now() / 1000)

const send = (text: string, form: Record<string, string> = {}) => askToken(service, {}, { ...asserted(text), ...form })
const make = (said: { claims?: object; header?: object } = {}, by = key) =>
  assertion(client.id, by, { ...said, claims: { aud: PUBLIC_URL, ...said.claims } })
const refused = { status: 401, body: { error: 'invalid_client' }, headers: { 'cache-control': 'no-store' } }

t.test('200: a client with keys has no secret, and authenticates with either of them', async (t) => {
  t.equal(client.secret, undefined)
  for (const [index, by] of keys.entries()) {
    const header = { kid: by.jwk.kid }
    t.equal((await send(await make({ header }, by))).status, 200, `key ${index}`)
    t.match(await send(await make({ header: { kid: keys[1 - index]?.jwk.kid } }, by)), refused, 'under the other’s kid')
  }
  const named = await send(await make(), { client_id: client.id })
  t.equal(named.status, 200)
  const { body } = await service.call('GET', '/v1/clients', { token: admin })
  t.match(body.items[0], { id: client.id, secrets: [], jwks: { keys: [{ kid: 'first' }, { kid: 'second' }] } })
})

t.test('200: the audience is the issuer or the token endpoint; 401 for any other, and for several', async (t) => {
  for (const aud of [PUBLIC_URL, `${PUBLIC_URL}/oauth/token`, [PUBLIC_URL]]) {
    t.equal((await send(await make({ claims: { aud } }))).status, 200, String(aud))
  }
  for (const aud of [
    'gomask',
    'https://evil.example',
    `${PUBLIC_URL}/`,
    [PUBLIC_URL, 'https://evil.example'],
    [],
    undefined,
  ]) {
    t.match(await send(await make({ claims: { aud } })), refused, JSON.stringify(aud))
  }
})

t.test('200: RSA and Ed25519 keys too', async (t) => {
  for (const alg of ['PS256', 'RS256', 'EdDSA', 'ES384']) {
    const own = await makeClientKey('own', alg)
    const { id } = await makeClient(service, admin, { jwks: { keys: [own.jwk] } })
    const text = await assertion(id, own, { header: { alg }, claims: { aud: PUBLIC_URL } })
    t.equal((await send(text)).status, 200, alg)
  }
})

t.test('401: an assertion works once; another client may use the same jti', async (t) => {
  const jti = seededUuid()
  const text = await make({ claims: { jti } })
  t.equal((await send(text)).status, 200)
  t.match(await send(text), refused)
  t.match(await send(await make({ claims: { jti, exp: now() + 90 } })), refused, 'nor another with the same jti')
  const other = await makeClient(service, admin, { jwks: { keys: [key.jwk] } })
  t.equal((await send(await assertion(other.id, key, { claims: { jti, aud: PUBLIC_URL } }))).status, 200)
  const together = await make()
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(together)))
  t.equal(answers.filter(({ status }) => status === 200).length, 1, 'of eight at once, one')
})

t.test('401: expired, endless, for longer than five minutes, not yet valid, without jti, iss or sub', async (t) => {
  for (const claims of [
    { exp: now() - 60 },
    { exp: undefined },
    { exp: now() + 400 },
    { exp: String(now() + 60) },
    { nbf: now() + 120 },
    { jti: undefined },
    { jti: '' },
    { jti: 7 },
    { iss: undefined },
    { iss: PUBLIC_URL },
    { sub: undefined },
    { sub: '0197a000-0000-7000-8000-000000000000' },
  ]) {
    t.match(await send(await make({ claims })), refused, JSON.stringify(claims))
  }
  t.equal((await send(await make({ claims: { jti: `\0${'ж'.repeat(300)}` } }))).status, 200, 'any text is a jti')
})

t.test('401: alg none, HS256 with the public key, keys that the assertion brings along, another’s key', async (t) => {
  const stranger = await makeClientKey('first')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [, payload] = (await make()).split('.')
  t.match(await send(`${part({ alg: 'none' })}.${payload}.`), refused)
  for (const secret of [JSON.stringify(key.jwk), key.jwk.x ?? '', '']) {
    const unsigned = `${part({ alg: 'HS256', kid: 'first' })}.${payload}`
    t.match(await send(`${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`), refused)
  }
  for (const header of [
    { jku: 'http://127.0.0.1:9/jwks.json' },
    { jwk: stranger.jwk },
    { x5u: 'http://127.0.0.1:9' },
    {},
  ]) {
    t.match(await send(await make({ header }, stranger)), refused, JSON.stringify(header))
  }
  t.match(await send(await make({ header: { kid: 'third' } })), refused)
  t.match(await send(await make({ header: { kid: undefined } })), refused, 'of two keys one is named')
  t.match(await send('not.a.token'), refused)
  const ours = await tokenOf(service, await makeClient(service, admin))
  t.match(await send(ours), refused, 'a token of ours is no assertion')
})

t.test('401: of a client that was suspended, has no keys, or has them no more', async (t) => {
  const till = await makeClient(service, admin, { jwks: { keys: [key.jwk] } })
  const ask = async () => send(await assertion(till.id, key, { claims: { aud: PUBLIC_URL } }))
  const put = async (more: object) => {
    const { role: _, ...body } = clientBody({ status: 'active', ...more }) as { role: string }
    must(200, await service.call('PUT', `/v1/clients/${till.id}`, { token: admin, body }))
  }
  t.equal((await ask()).status, 200)
  await put({ status: 'suspended', jwks: { keys: [key.jwk] } })
  t.match(await ask(), refused)
  await put({})
  t.match(await ask(), refused)
  await put({ jwks: { keys: [key.jwk] } })
  t.equal((await ask()).status, 200)
})

t.test('400: an assertion without its type, or beside a secret', async (t) => {
  const client_assertion = await make()
  t.match(await askToken(service, {}, { client_assertion }), { status: 400, body: { error: 'invalid_request' } })
  const other = await makeClient(service, admin)
  const both = await askToken(service, basic(other), asserted(client_assertion))
  t.match(both, { status: 400, body: { error: 'invalid_request' } })
  t.equal((await send(client_assertion)).status, 200, 'and it was not used up')
})
