import t from 'tap'
import { routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'

const service = await startService(t)
const { app } = service
const routes = routesOf(app)
const admin = await service.token({ role: 'admin', subject: 'admin' })
const authorization = `Bearer ${admin}`

t.test('every answer tells browsers to load, frame and guess nothing, and does not name what serves it', async (t) => {
  for (const [status, url, headers] of [
    [200, '/v1/products', {}],
    [200, '/v1/allocation-rules', { authorization }],
    [200, '/healthz', {}],
    [200, '/openapi.json', {}],
    [400, '/v1/products?limit=0', {}],
    [401, '/v1/territories', {}],
    [403, '/v1/territories', { authorization }],
    [404, '/nowhere', {}],
  ] as const) {
    const answer = await app.inject({ url, headers })
    t.equal(answer.statusCode, status, url)
    t.match(answer.headers, {
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': /^max-age=(3[1-9]\d{6}|[4-9]\d{7}); includeSubDomains/,
    })
    for (const name of ['x-powered-by', 'server']) t.equal(answer.headers[name], undefined)
  }
})

t.test('the documentation page loads its own script alone, and is framed nowhere either', async (t) => {
  const { headers } = await app.inject({ url: '/docs/' })
  const policy = String(headers['content-security-policy'])
  t.match(policy, "default-src 'self'")
  t.match(policy, "frame-ancestors 'none'")
  t.notMatch(policy, /https?:|\*|unsafe-eval/)
  t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
})

t.test('whatever needs a token is kept by no cache, errors neither; what anybody may read, as it likes', async (t) => {
  for (const { method, path, roles } of routes) {
    const { headers, statusCode } = await app.inject({
      method,
      url: path,
      headers: roles.length ? { authorization } : {},
    })
    const needsToken = headers.etag === undefined ? 'no-store' : 'private, no-cache'
    const kept = roles.length > 0 || statusCode >= 400 ? needsToken : undefined
    t.equal(headers['cache-control'], kept, `${method} ${path}`)
  }
  for (const url of ['/nowhere', '/%', '/v1/pharmacies/%zz']) {
    const { headers } = await app.inject({ url })
    t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }, url)
    t.match(headers['content-security-policy'], "default-src 'none'", url)
  }
})
