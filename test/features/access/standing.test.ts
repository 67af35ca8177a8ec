import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { readStandingVersion } from '../../../src/store/standing.ts'
import { letPass } from '../../support/monotonic.ts'
import { rpps } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call, config, db, key, signers, webhookKeys } = service
const world = await makeWorld(service)
const other = await buildApp({ config, db, keys: [key], issuers: [], signers, webhookKeys })
t.teardown(() => other.close())

/** What another instance on the same database answers a second after whatever was done last. */
async function elsewhere(token: string, url: string): Promise<string | number> {
  letPass(t, 1_000)
  const response = await other.inject({ url, headers: { authorization: `Bearer ${token}` } })
  return response.statusCode < 400 ? response.statusCode : response.json().code
}

async function putProfessional(id: string, more: object): Promise<void> {
  const body = { profession: '60', familyName: 'Martin', givenName: 'Camille', otherIds: [], status: 'active', ...more }
  const { status } = await call('PUT', `/v1/professionals/${id}`, { token: world.admin, body })
  if (status >= 300) throw new Error(`PUT of a professional answered ${status}`)
}

t.test('a suspended professional is refused at once here and within a second on another instance', async (t) => {
  const nurse = await world.professional(1)
  t.equal(await elsewhere(nurse.token, '/v1/entitlements/me'), 200)
  await putProfessional(nurse.id, { status: 'suspended' })
  t.match(await call('GET', '/v1/entitlements/me', { token: nurse.token }), {
    status: 403,
    body: { code: 'professional_suspended' },
  })
  t.equal(await elsewhere(nurse.token, '/v1/entitlements/me'), 'professional_suspended')
  await putProfessional(nurse.id, { status: 'active' })
  t.equal((await call('GET', '/v1/entitlements/me', { token: nurse.token })).status, 200, 'and served again here')
  t.equal(await elsewhere(nurse.token, '/v1/entitlements/me'), 200)
})

t.test('a suspended pharmacy is refused at once here and within a second on another instance', async (t) => {
  const place = await world.pharmacy(1)
  const stock = `/v1/pharmacies/${place.finess}/stock`
  t.equal(await elsewhere(place.token, stock), 200)
  const read = must(200, await call('GET', `/v1/pharmacies/${place.finess}`, { token: world.admin })).body
  const { name, address, latitude, longitude } = read
  const body = { name, address, latitude, longitude, status: 'suspended' }
  must(200, await call('PUT', `/v1/pharmacies/${place.finess}`, { token: world.admin, body }))
  t.match(await call('GET', stock, { token: place.token }), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.equal(await elsewhere(place.token, stock), 'pharmacy_suspended')
})

t.test('a number that turns out to be a suspended professional’s is suspended with them', async (t) => {
  const known = await world.professional(2, { status: 'suspended' })
  const second = rpps(3)
  const token = await service.token({ role: 'professional', subject: second })
  t.not((await call('GET', '/v1/entitlements/me', { token })).body.code, 'professional_suspended', 'unknown so far')
  await putProfessional(known.id, { otherIds: [second], status: 'suspended' })
  t.equal((await call('GET', '/v1/entitlements/me', { token })).body.code, 'professional_suspended')
})

t.test('a merge suspends the numbers of both records with the one that continues', async (t) => {
  const one = await world.professional(4, { status: 'suspended' })
  const two = await world.professional(5)
  await putProfessional(one.id, { otherIds: [two.id], status: 'suspended' })
  t.equal((await call('GET', '/v1/entitlements/me', { token: two.token })).body.code, 'professional_suspended')
})

t.test('what changes nobody’s standing does not have it read again', async (t) => {
  const { version: before } = await readStandingVersion(db)
  await world.professional(6)
  await world.pharmacy(6)
  await putProfessional(rpps(6), { familyName: 'Bernard' })
  t.equal((await readStandingVersion(db)).version, before)
})
