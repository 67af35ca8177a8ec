import { exportJWK, generateKeyPair } from 'jose'
import t from 'tap'
import { askToken, basic, clientBody, makeClient, makeClientKey } from '../../support/clients.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call } = service
const { admin } = await makeWorld(service, null)
const create = (body: object, key?: string) => call('POST', '/v1/clients', { token: admin, body, ...(key && { key }) })

t.test('201: a client with its secret, which is shown in this answer alone', async (t) => {
  const { status, body } = await create(clientBody())
  t.equal(status, 201)
  t.match(body, { name: 'Officine Logiciel', role: 'pharmacy', status: 'active', tokenSeconds: 900, tokensFrom: null })
  t.match(body, { territories: [], professions: [], jwks: null, pharmacies: 0, secrets: [{ expiresAt: null }] })
  t.match(body.secret, /^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$/)
  const { secret, ...shown } = body
  t.strictSame(must(200, await call('GET', `/v1/clients/${body.id}`, { token: admin })).body, shown)
  t.equal((await askToken(service, basic({ id: body.id, secret }))).status, 200)
})

t.test('201: sent again with its key it is the same client, and the secret is not said again', async (t) => {
  const key = seededUuid()
  const { secret, ...first } = must(201, await create(clientBody(), key)).body
  const again = await create(clientBody(), key)
  t.strictSame([again.status, again.body, again.headers['idempotency-replayed']], [201, first, 'true'])
  t.ok(secret)
  const together = seededUuid()
  const answers = await Promise.all([1, 2, 3].map(() => create(clientBody(), together)))
  t.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  t.equal(answers.filter(({ body }) => body.secret).length, 1, 'of three at once, one is told')
})

t.test('201: a regulator’s client has its remit; 400 without one, and for others with one', async (t) => {
  const remit = { role: 'regulator', scopes: ['audit:read'], territories: ['FR-OCC'], professions: ['60'] }
  t.match(await create(clientBody(remit)), { status: 201, body: { territories: ['FR-OCC'], professions: ['60'] } })
  for (const [path, wrong] of [
    ['territories', { ...remit, territories: [] }],
    ['territories[1]', { ...remit, territories: ['FR-OCC', 'FR-ZZZ'] }],
    ['territories', { territories: ['FR'] }],
    ['professions', { role: 'admin', professions: ['60'] }],
  ] as const) {
    t.match(await create(clientBody(wrong)), { status: 400, body: { errors: [{ path }] } }, JSON.stringify(wrong))
  }
})

t.test('400: what a client cannot be, each by its field', async (t) => {
  for (const [path, wrong] of [
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['role', { role: 'patient' }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: ['stock:read', 'stock:read'] }],
    ['scopes[0]', { scopes: ['everything'] }],
    ['tokenSeconds', { tokenSeconds: 299 }],
    ['tokenSeconds', { tokenSeconds: 3601 }],
    ['body', { secret: 'mine' }],
  ] as const) {
    t.match(await create(clientBody(wrong)), { status: 400, body: { errors: [{ path }] } }, JSON.stringify(wrong))
  }
})

t.test('400: keys that are private, shared, weak, or cannot be told apart', async (t) => {
  const { jwk } = await makeClientKey()
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const secret = { ...(await exportJWK(privateKey)), kid: 'own' }
  const weak = { kty: 'RSA', n: Buffer.alloc(128, 0xff).toString('base64url'), e: 'AQAB', kid: 'weak' }
  for (const keys of [
    [],
    [secret],
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }],
    [weak],
    [{ ...jwk, x: 'AAAA' }],
    [{ ...jwk, kid: undefined }],
    [jwk, jwk],
  ]) {
    const answer = await create(clientBody({ jwks: { keys } }))
    t.match(answer, { status: 400, body: { errors: [{ path: /^jwks/ }] } })
    t.notMatch(JSON.stringify(answer.body), secret.d as string)
  }
  const made = must(201, await create(clientBody({ jwks: { keys: [{ ...jwk, x5u: 'https://x', note: 'n' }] } })))
  t.strictSame(made.body.jwks, { keys: [jwk] }, 'of a key only what makes it is kept')
})

t.test('200: clients are listed newest first, a page at a time; 404 for one that is not there', async (t) => {
  const made = [await makeClient(service, admin), await makeClient(service, admin)]
  const list = async (query: string) => must(200, await call('GET', `/v1/clients${query}`, { token: admin })).body
  const first = await list('?limit=1')
  const second = await list(`?limit=1&cursor=${first.nextCursor}`)
  t.strictSame(
    [first, second].map(({ items }) => items[0].id),
    made.map(({ id }) => id).reverse(),
  )
  t.match(await call('GET', `/v1/clients/${seededUuid()}`, { token: admin }), {
    status: 404,
    body: { code: 'not_found' },
  })
})

t.test('creating a client keeps what every write promises', async (t) => {
  const [body, other] = [clientBody({ jwks: { keys: [(await makeClientKey()).jwk] } }), clientBody()]
  await testWrite(t, service, {
    method: 'POST',
    path: '/v1/clients',
    body,
    other: { path: '/v1/clients', body: other },
    status: 201,
  })
})
