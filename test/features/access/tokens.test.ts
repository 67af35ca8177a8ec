import { SignJWT } from 'jose'
import t from 'tap'
import { AUDIENCE, ISSUER } from '../../../src/http/keys.ts'
import { finess, rpps } from '../../support/numbers.ts'
import { callers, nameOf, routes } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, key } = service
const world = await makeWorld(service)
const nurse = await world.professional(1)
const place = await world.pharmacy(1)
must(201, await world.count(place, 100))
const now = Math.floor(Date.now() / 1000)

/** A token such as this service signs for its admin, but for what is said; forgeries are in forged-tokens.test.ts. */
function make(claims: Record<string, unknown> = {}): Promise<string> {
  const whole = { role: 'admin', iss: ISSUER, aud: AUDIENCE, sub: 'admin', iat: now, exp: now + 600, ...claims }
  const given = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return new SignJWT(given).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.id }).sign(key.privateKey)
}

const ask = (token: string) => call('GET', '/v1/allocation-rules', { token })
const refused = {
  status: 401,
  body: { code: 'unauthenticated', status: 401 },
  headers: { 'www-authenticate': 'Bearer' },
}

t.test('200: a token as this service signs it opens its routes', async (t) => {
  t.equal((await ask(await make())).status, 200)
})

t.test('401: a token that says no role, one that there is not, or not on whose behalf', async (t) => {
  for (const wrong of [
    { role: undefined },
    { role: 'superuser' },
    { role: ['admin'] },
    { role: 'pharmacy', sub: 'till' },
    { role: 'pharmacy', sub: 'till', finess: [] },
    { role: 'pharmacy', sub: 'till', finess: ['310000000'] },
    { role: 'professional', sub: 'nobody' },
    { role: 'professional', sub: `${rpps(1)}0` },
  ]) {
    t.match(await ask(await make(wrong)), refused, JSON.stringify(wrong))
  }
})

t.test('401: no Authorization header, another scheme, the token elsewhere', async (t) => {
  const token = await make()
  for (const headers of [
    {},
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: 'Bearer' },
  ]) {
    t.match(await call('GET', '/v1/allocation-rules', { headers: headers as Record<string, string> }), refused)
  }
  const elsewhere = await call('GET', `/v1/allocation-rules?access_token=${token}`, {
    headers: { cookie: `token=${token}` },
  })
  t.match(elsewhere, refused)
})

t.test(
  'every route but the public ones: 401 without a token, 403 for each role that may not (faults 46, 48)',
  async (t) => {
    for (const route of routes) {
      const { method, path, body, roles } = route
      const answer = await call(method, path, { body, key: true })
      if (roles.length === 0) {
        t.equal(answer.status, 200, nameOf(route))
        continue
      }
      t.match(answer, refused, nameOf(route))
      for (const caller of Object.values(callers).filter(({ role }) => !roles.includes(role))) {
        const token = await service.token(caller)
        const forbidden = { status: 403, body: { code: 'forbidden' } }
        t.match(await call(method, path, { token, body, key: true }), forbidden, `${nameOf(route)} as ${caller.role}`)
      }
    }
  },
)

t.test('the routes tried are those that the API describes', async (t) => {
  const described = Object.entries(service.app.swagger().paths ?? {}).flatMap(([template, methods]) =>
    Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${template}`),
  )
  t.same(described.filter((name) => name.includes(' /v1/')).sort(), routes.map(nameOf).sort())
})

t.test('a suspended professional: 403 with a live token, 409 where only the body names it (fault 44)', async (t) => {
  const { token, id } = await world.professional(2)
  t.equal((await call('GET', '/v1/entitlements/me', { token })).status, 200)
  const body = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'suspended' }
  must(200, await call('PUT', `/v1/professionals/${id}`, { token: world.admin, body }))
  for (const route of routes.filter(({ roles }) => roles.includes('professional'))) {
    const answer = await call(route.method, route.path, { token, body: route.body, key: true })
    t.match(answer, { status: 403, body: { code: 'professional_suspended' } }, nameOf(route))
  }
  t.match(await world.dispense(place, id, 1), { status: 409, body: { code: 'professional_suspended' } })
})

t.test('a suspended or closed pharmacy: 403, and a group of pharmacies acts for the others', async (t) => {
  const [suspended, closed] = [
    await world.pharmacy(2, { status: 'suspended' }),
    await world.pharmacy(3, { status: 'closed' }),
  ]
  const open = routes.filter(({ roles }) => roles.includes('pharmacy'))
  for (const { token } of [suspended, closed]) {
    for (const route of open) {
      const answer = await call(route.method, route.path, { token, body: route.body, key: true })
      t.match(answer, { status: 403, body: { code: 'pharmacy_suspended' } }, nameOf(route))
    }
  }
  const token = await service.token({ role: 'pharmacy', subject: 'group', finess: [place.finess, suspended.finess] })
  const dispense = (pharmacy: string) => world.dispense({ finess: pharmacy, token }, nurse.id, 1, { pharmacy })
  t.equal((await dispense(place.finess)).status, 201)
  t.match(await dispense(suspended.finess), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.match(await dispense(finess(9)), { status: 403, body: { code: 'forbidden' } })
})

t.test('the body cannot speak for another role or person (fault 47)', async (t) => {
  for (const more of [{ role: 'admin' }, { subject: 'admin' }, { territories: ['FR'] }]) {
    const answer = await world.dispense(place, nurse.id, 1, more)
    t.match(answer, { status: 400, body: { code: 'invalid_request' } }, JSON.stringify(more))
  }
})
