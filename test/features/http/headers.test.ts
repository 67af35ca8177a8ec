import type { InjectOptions } from 'fastify'
import t from 'tap'
import { startService } from '../../support/service.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { app, call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 100))

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const large = { name: 'x'.repeat(300 * 1024) }

t.test('every answer has an X-Request-Id of its own, and each problem repeats it', async (t) => {
  const seen = new Set<unknown>()
  const authorization = `Bearer ${world.admin}`
  for (const [status, url, more] of [
    [200, '/v1/products', {}],
    [200, '/healthz', {}],
    [200, '/readyz', {}],
    [200, '/docs/', {}],
    [200, '/openapi.json', {}],
    [200, '/.well-known/jwks.json', {}],
    [200, '/v1/allocation-rules', { headers: { authorization } }],
    [400, '/v1/products?limit=0', {}],
    [400, '/v1/pharmacies/%zz', {}],
    [400, '/%', {}],
    [401, '/v1/territories', {}],
    [403, '/v1/territories', { headers: { authorization } }],
    [404, '/nowhere', {}],
    [405, '/v1/products', { method: 'DELETE' }],
    [405, '/v1/products', { method: 'OPTIONS' }],
    [413, '/v1/products/x', { method: 'PUT', headers: { authorization }, payload: large }],
    [414, `/v1/products?cursor=${'x'.repeat(9_000)}`, {}],
    [414, `/v1/pharmacies/${'x'.repeat(400)}`, {}],
    [415, '/v1/products/x', { method: 'PUT', headers: { authorization, 'content-type': 'text/xml' }, payload: '<x/>' }],
  ] as const) {
    const answer = await app.inject({ url, ...(more as InjectOptions) })
    const id = answer.headers['x-request-id']
    t.equal(answer.statusCode, status, url.slice(0, 60))
    t.match(id, UUID)
    t.notOk(seen.has(id))
    seen.add(id)
    if (status < 400) continue
    t.match(answer.headers['content-type'], /^application\/problem\+json/)
    t.match(answer.json(), { requestId: id, instance: `urn:uuid:${id}`, status })
  }
})

t.test('an id that the caller sends is not taken over', async (t) => {
  const { headers } = await call('GET', '/v1/products', { headers: { 'x-request-id': 'mine', 'request-id': 'mine' } })
  t.match(headers['x-request-id'], UUID)
})

t.test('HEAD is answered as GET is, by the same rules, with no body', async (t) => {
  for (const [status, url, token] of [
    [200, '/v1/products', undefined],
    [401, '/v1/territories', undefined],
    [403, '/v1/territories', world.admin],
    [200, '/v1/territories', world.regulator],
  ] as const) {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const answer = await app.inject({ method: 'HEAD', url, headers })
    t.equal(answer.statusCode, status, url)
    t.equal(answer.body, '')
    t.match(answer.headers['x-request-id'], UUID)
  }
})

t.test('a replay says so; the first answer and another key’s do not', async (t) => {
  const send = (key: string) =>
    call('POST', '/v1/dispensations', { token: place.token, key, body: dispensationBody(nurse.id, 1) })
  const answers = [await send('a'), await send('a'), await send('b')]
  t.strictSame(
    answers.map(({ headers }) => headers['idempotency-replayed']),
    [undefined, 'true', undefined],
  )
})
