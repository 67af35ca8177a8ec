import type { InjectOptions } from 'fastify'
import t from 'tap'
import { startService } from '../../support/service.ts'

const OURS = 'https://app.example.org'
const service = await startService(t, { CORS_ORIGINS: [OURS], RATE_LIMIT: 20 })
const { app } = service
const preflight = (origin: string, more: InjectOptions = {}) =>
  app.inject({
    method: 'OPTIONS',
    url: '/v1/reservations',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key,if-none-match,x-operator',
    },
    ...more,
  })

t.test('a page of an allowed origin may call: its preflight is answered without a token', async (t) => {
  const { statusCode, headers } = await preflight(OURS)
  t.equal(statusCode, 200)
  t.match(headers, {
    'access-control-allow-origin': OURS,
    'access-control-allow-methods': /GET.*PUT, POST, DELETE/,
    'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Operator',
    'access-control-max-age': '86400',
    vary: /Origin/,
  })
  t.equal(headers['access-control-allow-credentials'], undefined)
})

t.test('it can read the answer and what its headers say, errors and limits too', async (t) => {
  for (const [url, status] of [
    ['/v1/products', 200],
    ['/v1/reservations', 401],
    ['/nowhere', 404],
  ] as const) {
    const { statusCode, headers } = await app.inject({ url, headers: { origin: OURS } })
    t.equal(statusCode, status)
    t.equal(headers['access-control-allow-origin'], OURS, url)
    const exposed =
      'X-Request-Id, Retry-After, ETag, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset'
    t.equal(headers['access-control-expose-headers'], exposed)
  }
})

t.test('no other origin may: exactly those listed', async (t) => {
  for (const origin of [
    'https://evil.example',
    'http://app.example.org',
    `${OURS}:8443`,
    `${OURS}.evil.example`,
    'null',
  ]) {
    const asked = await preflight(origin)
    t.equal(asked.statusCode, 405, origin)
    const { headers } = await app.inject({ url: '/v1/products', headers: { origin } })
    for (const each of [asked.headers, headers]) t.equal(each['access-control-allow-origin'], undefined, origin)
  }
})

t.test('preflights are limited by address', async (t) => {
  const remoteAddress = '192.0.2.1'
  for (let n = 1; n <= 20; n++) t.equal((await preflight(OURS, { remoteAddress })).statusCode, 200)
  const refused = await preflight(OURS, { remoteAddress })
  t.equal(refused.statusCode, 429)
  t.match(refused.headers, { 'access-control-allow-origin': OURS, 'retry-after': /^\d+$/ })
})

t.test('no origin is allowed unless said', async (t) => {
  const closed = await startService(t)
  const { statusCode, headers } = await closed.app.inject({
    method: 'OPTIONS',
    url: '/v1/products',
    headers: { origin: OURS, 'access-control-request-method': 'GET' },
  })
  t.equal(statusCode, 405)
  t.notOk(Object.keys(headers).some((name) => name.startsWith('access-control')))
})
