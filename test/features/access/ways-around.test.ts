import t from 'tap'
import { routeTable } from '../../support/route-table.ts'
import { callers, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { hashTables } from '../../support/tables.ts'
import { listenVerbatim } from '../../support/verbatim.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const world = await makeWorld(service)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 10))
const send = await listenVerbatim(t, service)

const people = await Promise.all(
  Object.values(callers).map(async (caller) => ({ role: caller.role, token: await service.token(caller) })),
)
const guarded = routesOf(service.app).filter(({ policy }) => policy !== 'public')

const patterns = routeTable(service.app).map(({ method, url }) => ({
  method,
  pattern: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`),
}))
/** Whether the service has a route for a path, written as it should be, by this method. */
const isServed = (wanted: string, path: string) =>
  patterns.some(({ method, pattern }) => method === wanted && pattern.test(path.split('?')[0] ?? ''))

t.test('HEAD lets in whom GET lets in, and answers no body', async (t) => {
  for (const { name, path } of guarded.filter(({ method }) => method === 'GET')) {
    for (const token of [undefined, ...people.map(({ token }) => token)]) {
      const head = await send('HEAD', path, { token })
      const expected = isServed('HEAD', path) ? (await send('GET', path, { token })).status : 405
      t.strictSame(head, { status: expected, text: '' }, name)
    }
  }
})

t.test('405: a method that a path does not have does nothing, nor does one that only a header names', async (t) => {
  const before = await hashTables(service.db)
  for (const { name, path, body = {} } of guarded) {
    for (const method of ['OPTIONS', 'PATCH', 'DELETE', 'PUT', 'POST', 'GET']) {
      if (isServed(method, path)) continue
      const sent = method === 'GET' ? {} : { body: JSON.stringify(body) }
      for (const token of [undefined, ...people.map(({ token }) => token)]) {
        t.equal((await send(method, path, { token, ...sent })).status, 405, `${method}, not ${name}`)
      }
    }
    if (!isServed('GET', path)) continue
    const headers = { 'x-http-method-override': 'DELETE', 'x-original-url': '/healthz', 'x-rewrite-url': '/healthz' }
    t.equal((await send('GET', path, { headers })).status, 401, name)
  }
  t.same(await hashTables(service.db), before)
})

t.test('no other way to write a path leads past its policy: it is 400, 404 or 405, or refused as it is', async (t) => {
  const before = await hashTables(service.db)
  const ends: Record<string, number> = {}
  for (const { name, method, path, body, roles } of guarded) {
    const stranger = people.find(({ role }) => !roles.includes(role))
    for (const written of spellingsOf(path)) {
      for (const [token, refused] of [
        [undefined, 401],
        ...(stranger ? [[stranger.token, 403] as const] : []),
      ] as const) {
        const { status } = await send(method, written, { token, ...(body && { body: JSON.stringify(body) }) })
        t.ok([400, 404, 405, refused].includes(status), `${name} as ${written}: ${status}`)
        ends[status] = (ends[status] ?? 0) + 1
      }
    }
  }
  t.ok((ends[401] ?? 0) > 30 && (ends[403] ?? 0) > 30 && (ends[404] ?? 0) > 500, 'all three were met')
  t.same(await hashTables(service.db), before)
})

t.test('a pharmacy’s number is compared as it was read, however it is written', async (t) => {
  const stock = async (number: string, { token } = place) =>
    (await send('GET', `/v1/pharmacies/${number}/stock`, { token })).status
  const encoded = (number: string) => [...number].map((digit) => `%3${digit}`).join('')
  t.equal(await stock(encoded(place.finess)), 200)
  t.equal(await stock(encoded(other.finess)), 403)
  for (const number of [
    `${place.finess}%2f..%2f${other.finess}`,
    `${place.finess}/../${other.finess}`,
    `${place.finess},${other.finess}`,
    `${place.finess}%00`,
    `%20${other.finess}`,
    `${other.finess};${place.finess}`,
    `${other.finess}%0d%0a`,
    '%2e%2e',
    '..',
    '*',
  ]) {
    const status = await stock(number)
    t.ok(status === 400 || status === 404, `${number}: ${status}`)
  }
  const twice = `/v1/dispensations?pharmacy=${place.finess}&pharmacy=${other.finess}`
  t.equal((await send('GET', twice, place)).status, 400, 'of two numbers neither counts')
})

t.test('401 and then 403 for the role come before anything of the request is judged', async (t) => {
  for (const { name, method, path, body, roles } of guarded) {
    const broken = path.split('?')[0]?.replace(/\d{8,}|[0-9a-f]{8}-[0-9a-f-]+/, 'x') ?? ''
    const sent = body ? { body: '{', headers: { 'content-type': 'text/xml' } } : {}
    t.equal((await send(method, `${broken}?nothing=1`, sent)).status, 401, name)
    for (const { role, token } of people) {
      if (roles.includes(role)) continue
      t.equal((await send(method, `${broken}?nothing=1`, { token, ...sent })).status, 403, `${name} as ${role}`)
    }
  }
})

/** A path as somebody might write it to pass by a check that looks at its text. */
function spellingsOf(path: string): string[] {
  const [url = '', query] = path.split('?')
  const last = url.lastIndexOf('/')
  const [before, after] = [url.slice(0, last), url.slice(last + 1)]
  const written = [
    `${url}/`,
    `${url}//`,
    `/${url}`,
    url.replaceAll('/', '//'),
    url.toUpperCase(),
    url.replace('/v1', '/V1'),
    url.replace('/v1', '/v1/.'),
    url.replace('/v1', '/v1/%2e'),
    url.replace('/v1', '/v1/products/..'),
    url.replace('/v1', '/v1/products/%2e%2e'),
    url.replace('/v1', '/healthz/../v1'),
    url.replace('/v1', '/%76%31'),
    `http://127.0.0.1${url}`,
    `${before}%2f${after}`,
    `${before}\\${after}`,
    `${before}/%${after.charCodeAt(0).toString(16)}${after.slice(1)}`,
    `${url};a=1`,
    `${url}%00`,
    `${url}%20`,
    `${url}.json`,
    `${url}%23/healthz`,
  ]
  return query === undefined ? written : written.map((each) => `${each}?${query}`)
}
