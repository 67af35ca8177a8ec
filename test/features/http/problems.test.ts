import t from 'tap'
import { problemStatus } from '../../../src/http/problem.ts'
import { startWithoutDatabase } from '../../support/no-database.ts'
import { rpps } from '../../support/numbers.ts'
import { conformance } from '../../support/openapi.ts'
import { asOwner } from '../../support/records.ts'
import { callers, type Route, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
must(201, await world.count(place, 5))

const routes = routesOf(service.app)
const tokenFor = async ({ roles: [role] }: Route) => (role ? await service.token(callers[role]) : undefined)
const path = '/v1/dispensations'

t.test('a problem has all the members of RFC 9457, and its code', async (t) => {
  const { body } = await call('GET', '/v1/territories')
  t.match(body, {
    type: 'urn:gomask:problem:unauthenticated',
    title: 'Unauthorized',
    status: 401,
    detail: /./,
    instance: /^urn:uuid:/,
    code: 'unauthenticated',
    requestId: /./,
  })
  t.notOk('errors' in body, 'errors are for wrong requests')
})

t.test('the codes that callers program against are there, and no others', async (t) => {
  t.strictSame(
    Object.keys(problemStatus).sort(),
    [
      ...'invalid_request idempotency_key_missing dispensed_at_out_of_range unauthenticated forbidden'.split(' '),
      ...'professional_suspended pharmacy_suspended not_found method_not_allowed entitlement_exceeded entitlement_held'.split(
        ' ',
      ),
      ...'no_rule_in_force profession_not_entitled professional_unknown product_unknown product_inactive'.split(' '),
      ...'stock_insufficient no_stock_in_reach stock_count_outdated too_many_holds reservation_not_held'.split(' '),
      ...'reservation_mismatch pickup_code_wrong override_not_allowed reversal_exceeds_dispensed'.split(' '),
      ...'idempotency_in_progress idempotency_key_reused rate_limited internal unavailable outcome_unknown'.split(' '),
      'entry_not_in_checkpoint',
      'retention_running',
      'identity_in_doubt',
      'identity_decided',
      'client_revoked',
      'client_secrets_full',
      ...'voucher_invalid voucher_elsewhere voucher_expired voucher_not_theirs'.split(' '),
      'consent_ended',
      'events_gone',
      'reservations_closed',
      ...'target_refused webhook_endpoints_full webhook_endpoint_ended'.split(' '),
      ...'payload_too_large uri_too_long unsupported_media_type headers_too_large'.split(' '),
    ].sort(),
  )
})

t.test('400: each wrong field is named with what is wrong, on every kind of 400', async (t) => {
  const body = { ...dispensationBody('1', 1, { lines: [{ product: 'X', quantity: 0 }] }), identityCheck: {} }
  const several = await call('POST', path, { token: place.token, key: true, body })
  t.strictSame(several.body.errors.map((error: { path: string }) => error.path).sort(), [
    'identityCheck.method',
    'lines[0].product',
    'lines[0].quantity',
    'professional',
  ])
  const { token } = place
  const valid = dispensationBody(nurse.id, 1)
  const text = (payload: string) => ({ token, body: payload, headers: { 'content-type': 'application/json' } })
  for (const [name, answer] of Object.entries({
    'no key': await call('POST', path, { token, body: valid }),
    'a wrong key': await call('POST', path, { token, key: 'é', body: valid }),
    'no JSON': await call('POST', path, text('{')),
    'no body': await call('POST', path, { token, key: true }),
    'not an object': await call('POST', path, { ...text('[]'), key: true }),
    'an unknown field': await call('POST', path, { token, key: true, body: { ...valid, quantitty: 1 } }),
    'a late hand-over': await call('POST', path, {
      token,
      key: true,
      body: { ...valid, dispensedAt: '2026-01-01T00:00:00Z' },
    }),
    'a forged cursor': await call('GET', '/v1/products?cursor=x'),
    'a wrong URL': await call('GET', '/v1/pharmacies/%zz', { token }),
    'a wrong length': await call('POST', path, {
      ...text('{}'),
      key: true,
      headers: { 'content-type': 'application/json', 'content-length': '7' },
    }),
  })) {
    t.match(answer, { status: 400, body: { errors: [{ path: /./, message: /./ }] } }, name)
  }
})

t.test('404: a path that no route has, whatever the method', async (t) => {
  for (const url of ['/', '/v1', '/v1/products/a/b', '/v2/products', '/v1/clients/x/y']) {
    for (const method of ['GET', 'PUT', 'POST', 'DELETE'] as const) {
      const answer = await call(method, url)
      t.match(answer, { status: 404, body: { code: 'not_found' }, headers: { allow: undefined } }, `${method} ${url}`)
    }
  }
})

t.test('405: a method that the path does not have, whose own are in Allow', async (t) => {
  for (const [method, url, allow] of [
    ['DELETE', '/v1/products/surgical', 'PUT'],
    ['POST', '/v1/products?limit=1', 'GET, HEAD'],
    ['PUT', '/healthz', 'GET, HEAD'],
    ['GET', '/v1/dispensation-checks', 'POST'],
    ['POST', '/docs/', 'GET, HEAD'],
    // Also a reservation's, whatever its id.
    ['DELETE', '/v1/reservations/lookup', 'GET, HEAD, POST'],
  ] as const) {
    const answer = await call(method, url)
    t.match(answer, { status: 405, body: { code: 'method_not_allowed' }, headers: { allow } }, `${method} ${url}`)
  }
})

t.test('414: every route, before anything else is looked at', async (t) => {
  const long = `x=${'x'.repeat(9_000)}`
  for (const route of [...routes.map(({ method, path }) => [method, path]), ...open.map((url) => ['GET', url])]) {
    const [method, url = ''] = route as ['GET', string]
    const answer = await call(method, `${url}${url.includes('?') ? '&' : '?'}${long}`)
    t.match(answer, { status: 414, body: { code: 'uri_too_long' } }, `${method} ${url}`)
  }
})

const open = ['/healthz', '/readyz', '/openapi.json', '/openapi.yaml', '/.well-known/jwks.json']

t.test('no problem names a person: neither number, nor name, nor code', async (t) => {
  const { token } = place
  const suspended = await world.professional(2, { status: 'suspended' })
  const other = await world.pharmacy(2)
  must(201, await world.count(other, 100))
  const hold = must(201, await world.reserve(nurse.token, { quantity: 4, pharmacy: other.finess })).body
  const reservations = [{ id: hold.id, pickupCode: hold.pickupCode }]
  const wrong = hold.pickupCode.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'))
  const answers = [
    await world.dispense(place, nurse.id, 6),
    await world.dispense(place, nurse.id, 11),
    await world.dispense(place, nurse.id, 7),
    await world.dispense(place, suspended.id, 1),
    await world.dispense(place, rpps(999), 1),
    await world.dispense(place, `${nurse.id}1`, 1),
    await world.dispense(place, nurse.id, 1, { [nurse.id]: 'Martin1' }),
    await world.dispense(place, nurse.id, 1, { [nurse.id]: { note: '\0' } }),
    await world.dispense(place, nurse.id, 1, { reservations }),
    await world.dispense(other, nurse.id, 1, { reservations: [{ id: hold.id, pickupCode: wrong }] }),
    await world.dispense(other, suspended.id, 1, { reservations }),
    await call('POST', '/v1/reservations/lookup', { token, body: { pickupCode: hold.pickupCode } }),
    await call('GET', `/v1/professionals/${rpps(999)}/history`, { token: world.regulator }),
    await call('GET', `/v1/professionals/${nurse.id}0/history`, { token: world.regulator }),
    await call('GET', `/v1/professionals/${nurse.id}/nothing`, { token: world.regulator }),
    await call('GET', `/v1/professionals/%zz${nurse.id}/history`, { token: world.regulator }),
    await call('GET', `/v1/professionals/me/history?${nurse.id}=1`, { token: nurse.token }),
  ]
  for (const { status, body, headers } of answers) {
    t.ok(status >= 400 && status < 500)
    const { requestId: _, instance: __, ...rest } = body
    const text = JSON.stringify(rest)
    for (const secret of [nurse.id, suspended.id, rpps(999), hold.pickupCode, 'Martin', 'Camille']) {
      t.notMatch(text, secret, `${body.code}`)
      t.notMatch(JSON.stringify(headers), secret)
    }
  }
})

t.test('503: every route while the database is away, with Retry-After; what needs none goes on', async (t) => {
  const app = await startWithoutDatabase(t, service.key)
  const conforms = conformance(app.swagger())
  for (const route of routes) {
    const { method, path: url, body } = route
    const headers = { authorization: `Bearer ${await tokenFor(route)}`, 'idempotency-key': 'k' }
    const answer = await app.inject({ method, url, headers, ...(body && { payload: body }) })
    t.match(answer.json(), { status: 503, code: 'unavailable' }, route.name)
    t.match(answer.headers['retry-after'], /^\d+$/)
    t.notMatch(answer.body, /ECONN|127\.0\.0\.1|postgres|select|\.ts/i)
    conforms(method, url.split('?')[0] ?? '', { status: 503, headers: answer.headers, body: answer.json() })
  }
  for (const url of open) {
    const answer = await app.inject({ url })
    t.equal(answer.statusCode, url === '/readyz' ? 503 : 200, url)
  }
})

t.test('503: beyond a thousand requests at once, with Retry-After; whoever watches is answered', async (t) => {
  const get = (url: string, n: number) => service.app.inject({ url, remoteAddress: `192.0.2.${n % 5}` })
  const watched = ['/healthz', '/readyz']
  const beyond = ['/v1/products', ...open.filter((url) => !watched.includes(url))]
  const answers = await Promise.all(
    [...range(1_000).map(() => '/.well-known/jwks.json'), ...beyond, ...watched].map((url, n) => get(url, n)),
  )
  t.ok(answers.slice(0, 1_000).every(({ statusCode }) => statusCode === 200))
  for (const answer of answers.slice(1_000, -watched.length)) {
    t.match(answer.json(), { status: 503, code: 'unavailable' })
    t.match(answer.headers['retry-after'], /^\d+$/)
  }
  for (const { statusCode } of answers.slice(-watched.length)) t.equal(statusCode, 200)
  t.equal((await get('/v1/products', 1)).statusCode, 200, 'and afterwards everybody')
})

t.test('500: every route when something is wrong that nobody thought of, and nothing of it is shown', async (t) => {
  await asOwner(service.db, 'revoke all on all tables in schema public from gomask_app')
  for (const route of routes) {
    const { method, path: url, body } = route
    const answer = await call(method, url, { token: await tokenFor(route), key: true, body })
    t.match(answer, { status: 500, body: { code: 'internal', title: 'Internal Server Error' } }, route.name)
    t.notMatch(JSON.stringify(answer.body), /permission|denied|select|insert|relation|42501|\.ts|node_modules/i)
  }
})
