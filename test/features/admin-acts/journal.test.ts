import t from 'tap'
import { inTransaction } from '../../../src/db/transaction.ts'
import { importOsm } from '../../../src/features/pharmacies/import-osm.ts'
import { eraseProfessional } from '../../../src/features/professionals/erase.ts'
import type { Policy } from '../../../src/http/policy.ts'
import { enrol } from '../../../src/store/enrolment.ts'
import { actsOf, OPERATOR } from '../../support/admin-acts.ts'
import { secondWords } from '../../support/clients.ts'
import { raiseDoubt } from '../../support/doubts.ts'
import { order } from '../../support/erasure.ts'
import { adeli, finess, rpps } from '../../support/numbers.ts'
import { asOwner } from '../../support/records.ts'
import { type Route, routesOf } from '../../support/routes.ts'
import { startService } from '../../support/service.ts'
import { makeClient, makeEndpoint } from '../../support/webhooks.ts'
import { CENTRE, makeWorld, must, ruleBody } from '../../support/world.ts'

const service = await startService(t, { LEDGER_RETENTION_DAYS: 0, FOUR_EYES: 'true' })
const { call, db } = service
const world = await makeWorld(service, null)
const { admin } = world
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
const post = async (path: string, body: object) => must(201, await call('POST', path, { token: admin, body })).body
const till = { name: 'A till', role: 'pharmacy', scopes: ['stock:read'] }

/** A request that each route takes, about objects of its own. */
async function administration(): Promise<Route[]> {
  const [client, former] = [await post('/v1/clients', till), await post('/v1/clients', till)]
  const { id: secret } = await post(`/v1/clients/${client.id}/secrets`, {})
  const granted = { token: admin, body: {} }
  must(201, await call('PUT', `/v1/pharmacies/${place.finess}/grants/${former.id}`, granted))
  const objects = {
    pharmacy: place.finess,
    professional: nurse.id,
    rule: (await world.rule({ territory: 'FR-31' })).id,
    territory: 'FR-31',
    client: client.id,
    formerClient: former.id,
    doubt: await raiseDoubt(service, [(await world.professional(31)).id, (await world.professional(32)).id]),
  }
  const words = await secondWords(service)
  const paths: Record<string, string> = {
    'POST /v1/professionals/{id}/erasure': `/v1/professionals/${(await world.professional(2)).id}/erasure`,
    'POST /v1/clients/{id}/secrets': `/v1/clients/${(await post('/v1/clients', till)).id}/secrets`,
    'DELETE /v1/clients/{id}/secrets/{secret}': `/v1/clients/${client.id}/secrets/${secret}`,
    'POST /v1/clients/{id}/grants': `/v1/clients/${(await post('/v1/clients', till)).id}/grants`,
  }
  return routesOf(service.app, objects)
    .filter(({ method, policy }) => method !== 'GET' && isForAuthorities(policy))
    .map((route) => ({ ...route, path: paths[route.name] ?? route.path, ...words[route.name] }))
}

/** Whether admins or regulators may do it as such: what clients do with what is their own is no administration. */
function isForAuthorities(policy: Policy): boolean {
  if (policy === 'public') return false
  return policy.admin !== undefined || (policy.regulator !== undefined && policy.regulator !== 'client')
}

t.test('every write of an admin says who did it, from where, on what, and what was before and after', async (t) => {
  const routes = await administration()
  t.ok(routes.length >= 13)
  for (const { name, method, path, body } of routes) {
    const sent = { token: admin, body, address: '192.0.2.7' }
    const { result, acts } = await actsOf(db, () => call(method, path, sent))
    t.match(result.status, /^20[01]$/, name)
    t.ok(acts.length > 0, `${name} is in the journal`)
    const act = service.app.swagger().paths?.[name.split(' ')[1] ?? '']?.[method.toLowerCase() as 'put']?.operationId
    for (const each of acts) {
      t.match(each, { role: 'admin', name: 'admin', address: '192.0.2.7', act }, name)
      t.ok(JSON.stringify(each.before) !== JSON.stringify(each.after) || each.withheld.length > 0, name)
    }
  }
})

t.test('what was before and after is there, without numbers, names and places of people', async (t) => {
  const body = { profession: '60', familyName: 'Quatresous', givenName: 'Zéphirine', otherIds: [adeli(3)] }
  const practice = { ...CENTRE, territory: 'FR-31' }
  const put = (more: object) =>
    call('PUT', `/v1/professionals/${rpps(3)}`, {
      token: admin,
      body: { ...body, practice, status: 'active', ...more },
    })
  const made = await actsOf(db, () => put({}))
  t.match(made.acts, [
    { kind: 'number', before: null, withheld: ['identifier'], territories: ['FR-31'], professions: ['60'] },
    { kind: 'number' },
    {
      kind: 'professional',
      before: null,
      after: { profession: '60', status: 'active', practice_territory: 'FR-31' },
      withheld: ['family_name', 'given_name', 'practice_location'],
    },
  ])
  const changed = await actsOf(db, () =>
    put({ familyName: 'Cinqsous', status: 'suspended', profession: '10', practice: { ...CENTRE, territory: 'FR-09' } }),
  )
  t.match(changed.acts, [
    {
      kind: 'professional',
      object: made.acts[2]?.object,
      before: { profession: '60', status: 'active', practice_territory: 'FR-31' },
      after: { profession: '10', status: 'suspended', practice_territory: 'FR-09' },
      withheld: ['family_name'],
      territories: ['FR-09', 'FR-31'],
      professions: ['10', '60'],
    },
  ])
  t.strictSame(
    (
      await actsOf(db, () =>
        put({
          familyName: 'Cinqsous',
          status: 'suspended',
          profession: '10',
          practice: { ...CENTRE, territory: 'FR-09' },
        }),
      )
    ).acts,
    [],
    'what changes nothing is no act',
  )
  const kept = JSON.stringify([...made.acts, ...changed.acts])
  for (const each of [rpps(3), adeli(3), 'Quatresous', 'Cinqsous', 'Zéphirine', '43.6045']) t.notOk(kept.includes(each))
})

t.test('secrets are only said to have changed', async (t) => {
  const { result, acts } = await actsOf(db, () => post('/v1/clients', till))
  t.match(acts, [
    { kind: 'client', object: result.id, after: { name: 'A till', scopes: ['stock:read'] }, withheld: [] },
    { kind: 'secret', object: result.id, withheld: ['hash'] },
  ])
  t.notOk(JSON.stringify(acts).includes('scrypt'))
})

t.test('a number that is given to another person is an act that names both', async (t) => {
  const [one, two] = [await world.professional(4), await world.professional(5)]
  const { acts } = await actsOf(db, () =>
    asOwner(
      db,
      `update person_identifiers set person_id = (select person_id from person_identifiers where identifier = '${two.id}')
       where identifier = '${one.id}'`,
    ),
  )
  t.match(acts, [{ role: 'database', act: 'update person_identifiers', kind: 'number', withheld: [] }])
  t.not(acts[0]?.before?.person_id, acts[0]?.after?.person_id)
})

t.test(
  'pharmacies that admit a client, and regulators that publish, are named; a pharmacist by surrogate',
  async (t) => {
    const client = await post('/v1/clients', till)
    const path = `/v1/pharmacies/${place.finess}/grants/${client.id}`
    const pharmacist = { role: 'pharmacy' as const, subject: nurse.id, finess: [place.finess] }
    const granted = await actsOf(db, async () =>
      call('PUT', path, { token: await service.token(pharmacist), body: {} }),
    )
    const [{ id = '' } = {}] = (
      await db.foreign(`select person_id as id from person_identifiers where identifier = '${nurse.id}'`)
    ).rows as { id: string }[]
    t.match(granted.acts, [{ role: 'pharmacy', name: id, act: 'grantClient', kind: 'grant', territories: ['FR-31'] }])
    const body = ruleBody({ territory: 'FR-31' })
    const { result, acts } = await actsOf(db, () =>
      call('POST', '/v1/allocation-rules', { token: world.regulator, body }),
    )
    const { id: rule, cap } = must(201, result).body
    t.match(acts, [{ role: 'regulator', name: 'ars', act: 'publishRule', object: rule, before: null, after: { cap } }])
  },
)

t.test('hand-overs, reservations, counts and clients’ webhook endpoints are no administration', async (t) => {
  const receiving = await makeClient(service, { role: 'pharmacy', finess: [place.finess] })
  const { acts } = await actsOf(db, async () => {
    const { id } = await makeEndpoint(service, receiving.token, { url: 'https://8.8.8.8/hooks' })
    const path = `/v1/webhook-endpoints/${id}`
    must(201, await call('POST', `${path}/secret-rotation`, { token: receiving.token, body: {} }))
    must(200, await call('DELETE', path, { token: receiving.token }))
    await world.count(place, 100)
    await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })
    await world.dispense(place, nurse.id, 1)
  })
  t.strictSame(acts, [])
})

t.test('imports, erasures and enrolments are in it, each under its name', async (t) => {
  const geometry = { type: 'Point' as const, coordinates: [1.44, 43.6] }
  const found = { finess: finess(77), name: 'From a map', address: '', openingHours: null, phone: null, geometry }
  const imported = await actsOf(db, () =>
    importOsm(db, { pharmacies: [found as never], leftOut: [] }, OPERATOR, () => {}),
  )
  t.match(imported.acts, [
    { ...OPERATOR, kind: 'pharmacy', object: finess(77), after: { location: 'POINT(1.44 43.6)' } },
  ])
  const person = { identifier: rpps(8), otherIds: [], profession: '60', familyName: 'M', givenName: 'C' }
  const enrolled = await actsOf(db, () => enrol(db, person, 'https://issuer.example'))
  t.match(enrolled.acts, [
    { role: 'issuer', name: 'https://issuer.example', act: 'enrol', kind: 'number' },
    { kind: 'professional' },
  ])
  const erased = await actsOf(db, () => inTransaction(db, (tx) => eraseProfessional(tx, rpps(8), order, 0)))
  t.match(erased.acts, [
    { role: 'database', kind: 'number', after: null, withheld: ['identifier'] },
    { kind: 'professional', withheld: ['family_name', 'given_name'] },
  ])
})

t.test('what is refused or fails leaves no act', async (t) => {
  const body = { name: 'P', address: '', ...CENTRE, territory: 'FR-404', status: 'active' }
  const { result, acts } = await actsOf(db, () => call('PUT', `/v1/pharmacies/${place.finess}`, { token: admin, body }))
  t.equal(result.status, 400)
  t.strictSame(acts, [])
})

t.test('nobody changes or removes an act, and the service writes none of its own', async (t) => {
  for (const statement of [
    'update admin_acts set name = name',
    'delete from admin_acts',
    'truncate admin_acts cascade',
    'delete from admin_act_places',
  ]) {
    await t.rejects(asOwner(db, statement), statement)
    await t.rejects(db.foreign(statement), `${statement} as the service`)
  }
  await t.rejects(
    db.foreign(`insert into admin_acts (role, name, act, kind, object, professions, after, withheld)
    values ('admin', 'x', 'x', 'x', 'x', '{}', '{}', '{}')`),
  )
})
