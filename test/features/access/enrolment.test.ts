import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { order, someone } from '../../support/erasure.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { atOnce, range } from '../../support/tally.ts'
import { tablesNaming } from '../../support/traces.ts'
import { makeWorld, must } from '../../support/world.ts'

const provider = await startProvider(t)
const service = await startWithIssuers(t, [settingsOf(provider)], { LEDGER_RETENTION_DAYS: 0 })
const { call, db } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))

/** A token of somebody known by this number, for the provider as a new login each time. */
let logins = 0
const tokenOf = (identifier: string, more: object = {}) =>
  provider.sign(`f:1:8${identifier}`, { ...claimsFor(identifier), jti: String(++logins), ...more })
const entitlements = (token: string) => call('GET', '/v1/entitlements/me', { token })
const known = (identifier: string) =>
  rows(
    db,
    'known',
    sql`select p.id, profession, family_name as "familyName", given_name as "givenName", status
        from person_identifiers i join persons p on p.id = i.person_id where i.identifier = ${identifier}`,
  )
const persons = () => rows(db, 'all_persons', sql`select id from persons order by id`)
const suspended = { status: 403, body: { code: 'professional_suspended' } }

t.test(
  'who is not in the directory is put in from the claims, once, however many first requests come at once',
  async (t) => {
    // Else the first would be done before the others connect.
    await atOnce(range(12), () => call('GET', '/v1/products'))
    const tokens = await Promise.all(range(12).map(() => tokenOf(rpps(1))))
    const before = (await persons()).length
    const answers = await atOnce(tokens, entitlements)
    t.same([...new Set(answers.map(({ status }) => status))], [200])
    t.equal((await persons()).length, before + 1)
    t.match(await known(rpps(1)), [
      { profession: '60', familyName: 'Spécialiste', givenName: 'Robert', status: 'active' },
    ])
    t.equal((await world.dispense(place, rpps(1), 10)).status, 201, 'as who may be served')
  },
)

t.test('names are taken where they are given; without a profession nobody is enrolled', async (t) => {
  const nameless = { family_name: '', given_name: undefined }
  t.equal((await entitlements(await tokenOf(rpps(2), nameless))).status, 200)
  t.match(await known(rpps(2)), [{ familyName: '', givenName: '' }])
  const token = await tokenOf(rpps(3), { SubjectRefPro: { exercices: [] } })
  t.match(await entitlements(token), { status: 403, body: { code: 'forbidden' } })
  t.same(await known(rpps(3)), [])
})

t.test('an enrolment never changes what the directory says', async (t) => {
  await world.professional(4, { profession: '10', familyName: 'Martin' })
  t.equal((await entitlements(await tokenOf(rpps(4)))).status, 200)
  t.match(await known(rpps(4)), [{ profession: '10', familyName: 'Martin', givenName: 'Camille' }])
})

t.test('a person known by another of its numbers is given the new one, and shares one entitlement', async (t) => {
  const put = (id: string, status = 'active') =>
    call('PUT', `/v1/professionals/${id}`, { token: world.admin, body: { ...someone, status } })
  must(201, await put(adeli(5)))
  must(201, await world.dispense(place, adeli(5), 10))
  const otherIds = [{ identifiant: `8${rpps(5)}`, origine: 'RPPS', qualite: 1 }, { identifiant: `0${adeli(5)}` }]
  const token = await tokenOf(rpps(5), { otherIds })
  t.match((await entitlements(token)).body.items, [{ remaining: 0 }, { remaining: 0 }])
  t.same(await known(rpps(5)), await known(adeli(5)))

  must(201, await put(adeli(6), 'suspended'))
  const other = await tokenOf(rpps(6), { otherIds: [{ identifiant: `0${adeli(6)}` }] })
  t.match(await entitlements(other), suspended, 'a new number is no way out of a suspension')
  t.match(await entitlements(other), suspended)
  t.match(await known(adeli(6)), [{ status: 'suspended' }])

  must(201, await put(adeli(7)))
  must(201, await put(adeli(8)))
  const both = [{ identifiant: adeli(7) }, { identifiant: adeli(8) }]
  t.match(await entitlements(await tokenOf(rpps(7), { otherIds: both })), { status: 403, body: { code: 'forbidden' } })
  t.same(await known(rpps(7)), [], 'that two are one person is for the directory to say')
})

t.test('a suspended person stays suspended, as a pharmacist too, and with a live token', async (t) => {
  const pharmacist = claimsFor(rpps(9), { profession: '21', finess: [place.finess] })
  const token = await provider.sign('f:1:pharmacist', pharmacist)
  const shelf = () => call('GET', `/v1/pharmacies/${place.finess}/stock`, { token })
  t.equal((await shelf()).status, 200)
  const body = { ...someone, profession: '21', status: 'suspended' }
  must(200, await call('PUT', `/v1/professionals/${rpps(9)}`, { token: world.admin, body }))
  t.match(await shelf(), suspended)
  t.match(await entitlements(await tokenOf(rpps(9))), suspended)
})

t.test('where the operator enrols nobody, who is not in the directory is told what to do', async (t) => {
  const closed = await startWithIssuers(t, [settingsOf(provider, { enrol: false })])
  const inside = await makeWorld(closed)
  const { id } = await inside.professional(1)
  const ask = async (identifier: string) =>
    closed.call('GET', '/v1/entitlements/me', { token: await tokenOf(identifier) })
  t.equal((await ask(id)).status, 200)
  t.match(await ask(rpps(2)), { status: 403, body: { code: 'forbidden', detail: /Ask the operator of the service/ } })
  must(201, await closed.call('PUT', `/v1/professionals/${rpps(2)}`, { token: inside.admin, body: someone }))
  t.equal((await ask(rpps(2))).status, 200)
})

t.test('an erasure takes the keys of every issuer’s tokens along', async (t) => {
  const { id } = await world.professional(10)
  const token = await tokenOf(id)
  const held = must(201, await world.reserve(token, { quantity: 1, pharmacy: place.finess })).body
  const cancel = `/v1/reservations/${held.id}/cancellation`
  must(200, await call('POST', cancel, { token, key: true, body: {} }))
  t.ok((await tablesNaming(db, [id])).includes('idempotency_keys'))
  must(200, await call('POST', `/v1/professionals/${id}/erasure`, { token: world.admin, body: order }))
  t.same(await tablesNaming(db, [id]), [])
})
