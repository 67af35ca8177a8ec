import t from 'tap'
import { callers, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { dispensationBody, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
for (const each of [place, other]) must(201, await world.count(each, 100))
const nurse = await world.professional(1)
const routes = routesOf(service.app)
const forbidden = { status: 403, body: { code: 'forbidden' } }
const notFound = { status: 404, body: { code: 'not_found' } }

t.test('a suspended professional is 403 with a live token, 409 where only the body names it', async (t) => {
  const { token, id } = await world.professional(2)
  t.equal((await call('GET', '/v1/entitlements/me', { token })).status, 200)
  const body = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'suspended' }
  must(200, await call('PUT', `/v1/professionals/${id}`, { token: world.admin, body }))
  for (const { method, name, path, body } of routes.filter(({ roles }) => roles.includes('professional'))) {
    const answer = await call(method, path, { token, body, key: true })
    t.match(answer, { status: 403, body: { code: 'professional_suspended' } }, name)
  }
  t.match(await world.dispense(place, id, 1), { status: 409, body: { code: 'professional_suspended' } })
})

t.test('a pharmacy that asks for another’s reservation is 404, as for none, whatever it knows', async (t) => {
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: other.finess })).body
  const { token } = place
  const path = `/v1/reservations/${hold.id}`
  const reason = 'closed'
  t.match(await call('GET', path, { token }), notFound)
  t.match(await call('POST', `${path}/cancellation`, { token, key: true, body: { reason } }), notFound)
  t.match(await call('POST', '/v1/reservations/lookup', { token, body: { pickupCode: hold.pickupCode } }), notFound)
  const asOther = { pickupCode: hold.pickupCode, pharmacy: other.finess }
  t.match(await call('POST', '/v1/reservations/lookup', { token, body: asOther }), forbidden)
  t.match((await call('GET', path, { token: other.token })).body, { status: 'held' }, 'and nothing became of it')
})

t.test('a professional is 403 on every route that is not for professionals', async (t) => {
  const closed = routes.filter(({ policy, roles }) => policy !== 'public' && !roles.includes('professional'))
  t.ok(closed.filter(({ roles }) => roles.includes('regulator')).length >= 8)
  for (const { method, name, path, body } of closed) {
    t.match(await call(method, path, { token: nurse.token, body, key: true }), forbidden, name)
  }
})

t.test('a body that speaks for another role, pharmacy or professional is 400 or 403', async (t) => {
  const invalid = { status: 400, body: { code: 'invalid_request' } }
  for (const more of [{ role: 'admin' }, { subject: 'admin' }, { territories: ['FR'] }, { finess: [other.finess] }]) {
    t.match(await world.dispense(place, nurse.id, 1, more), invalid, JSON.stringify(more))
    t.match(await world.reserve(nurse.token, { quantity: 1, ...more }), invalid, JSON.stringify(more))
  }
  const colleague = await world.professional(3)
  t.match(await world.reserve(nurse.token, { quantity: 1, professional: colleague.id }), invalid)
  t.match(await world.dispense(place, nurse.id, 1, { pharmacy: other.finess }), forbidden)
  const body = dispensationBody(nurse.id, 1, { pharmacy: other.finess })
  t.match(await call('POST', '/v1/dispensation-checks', { token: place.token, body }), forbidden)
  const history = await call('GET', '/v1/professionals/me/history', { token: colleague.token })
  t.same(history.body.items, [])
})

t.test('a regulator that writes where only pharmacies may is 403', async (t) => {
  const token = await service.token(callers.regulator)
  const writes = routes.filter(({ method, roles }) => method !== 'GET' && roles.join() === 'pharmacy')
  t.ok(writes.length >= 5)
  for (const { method, name, path, body } of writes) {
    t.match(await call(method, path, { token, body, key: true }), forbidden, name)
  }
})
