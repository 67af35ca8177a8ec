import t from 'tap'
import { order, someone } from '../../support/erasure.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli, rpps } from '../../support/numbers.ts'
import { claimsFor, settingsOf, startWithIssuers } from '../../support/people.ts'
import { startProvider } from '../../support/provider.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../../support/world.ts'

const provider = await startProvider(t)
const service = await startWithIssuers(t, [settingsOf(provider, { enrol: false })], { MAX_LIVE_HOLDS: 2 })
const { call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
must(201, await world.count(place, 1_000))
const breton = await service.token({ role: 'regulator', subject: 'ars-29', territories: ['FR-29'] })

let logins = 0
/** What somebody is answered who logs in anew with these numbers and asks what is left. */
async function logIn(identifier: string, others: string[]) {
  const otherIds = others.map((identifiant) => ({ identifiant }))
  const more = { jti: String(++logins), otherIds }
  const token = await provider.sign(`f:1:8${identifier}`, { ...claimsFor(identifier), ...more })
  return call('GET', '/v1/entitlements/me', { token })
}
const put = (id: string, more: object = {}) =>
  call('PUT', `/v1/professionals/${id}`, {
    token: world.admin,
    body: { ...someone, practice: { ...CENTRE, territory: 'FR-31' }, ...more },
  })
/** Two people of the directory, or more, that have received as much. */
async function people(masks: Record<string, number>) {
  for (const [id, received] of Object.entries(masks)) {
    must(201, await put(id))
    if (received > 0) must(201, await world.dispense(place, id, received))
  }
  return Object.keys(masks) as [string, string, string]
}
const left = async (id: string) =>
  must(200, await call('GET', `/v1/professionals/${id}/entitlements`, { token: world.regulator })).body.items[0]
const check = async (id: string, quantity: number) =>
  must(200, await call('POST', '/v1/dispensation-checks', { token: place.token, body: dispensationBody(id, quantity) }))
    .body
const doubts = async (decision = 'open') =>
  must(200, await call('GET', `/v1/identity-doubts?limit=100&decision=${decision}`, { token: world.admin })).body.items
const between = async (numbers: string[], decision = 'open') =>
  (await doubts(decision)).find(({ persons }: { persons: { numbers: string[] }[] }) =>
    numbers.every((number) => persons.some((person) => person.numbers.includes(number))),
  )
const decide = (id: string) =>
  call('POST', `/v1/identity-doubts/${id}/decision`, {
    token: world.admin,
    body: { decision: 'distinct', reason: 'asked both' },
  })
const anomalies = async (token: string) =>
  must(200, await call('GET', '/v1/audit/anomalies?kind=one_person_two_records&limit=100', { token })).body.items

t.test('what either record has received and holds counts for both from the login on', async (t) => {
  const [older, newer] = await people({ [adeli(1)]: 4, [rpps(1)]: 0 })
  t.match((await logIn(newer, [older])).body.items, [{ received: 4, remaining: 6 }, { remaining: 6 }])
  for (const id of [older, newer]) t.match(await left(id), { received: 4, held: 0, remaining: 6 })

  const given = must(201, await world.dispense(place, newer, 3)).body
  t.match(given.remaining, [{ quantity: 3 }], 'of both together')
  t.match(await check(older, 4), { decision: 'refuse', code: 'entitlement_exceeded', remaining: [{ quantity: 3 }] })
  const shown = (await check(older, 3)).receivedInWindow
  t.match(shown, [{ quantity: 4 }], 'by day only what this record received')
  const told = { code: 'entitlement_exceeded', detail: /^3 of 10 masks .* Another record counts too / }
  t.match(await world.dispense(place, older, 4), { status: 409, body: told })
  const back = { token: place.token, key: true as const, body: { kind: 'returned' } }
  const reversed = must(201, await call('POST', `/v1/dispensations/${given.id}/reversal`, back)).body
  t.match(reversed.remaining, [{ quantity: 6 }])

  const token = await service.token({ role: 'professional', subject: older })
  const other = await service.token({ role: 'professional', subject: newer })
  const held = must(201, await world.reserve(token, { quantity: 5, pharmacy: place.finess })).body
  t.match(await left(newer), { received: 4, held: 5, remaining: 1 })
  for (const releaseHolds of [false, true]) {
    const refused = await world.dispense(place, newer, 2, { releaseHolds })
    t.match(refused, { status: 409, body: { code: 'entitlement_exceeded', remaining: [{ quantity: 1 }] } })
  }
  t.match((await call('GET', `/v1/reservations/${held.id}`, { token })).body, { status: 'held' }, 'nobody released it')
  must(201, await world.reserve(other, { quantity: 1, pharmacy: place.finess }))
  t.match(await world.reserve(other, { quantity: 1 }), { status: 409, body: { code: 'too_many_holds' } })
  t.equal((await call('GET', `/v1/reservations/${held.id}`, { token: other })).status, 404)
  t.match((await call('GET', '/v1/professionals/me/history', { token: other })).body.items, { length: 2 })
  const own = must(200, await call('GET', '/v1/professionals/me/data', { token: other })).body
  t.match(own.doubts, [{ issuer: provider.issuer, decision: null }])
  t.notMatch(JSON.stringify(own), older)
  await invariantsHold(t, service.db)
})

t.test('it is an anomaly at once, of the regulators of either, and an admin sees whom it is about', async (t) => {
  const [here] = await people({ [rpps(2)]: 1 })
  must(201, await put(adeli(2), { practice: { ...CENTRE, territory: 'FR-29' } }))
  t.match((await anomalies(breton)).length, 0)
  await logIn(here, [adeli(2)])
  const doubt = await between([here, adeli(2)])
  const { body } = await call('GET', `/v1/professionals/${here}/history`, { token: world.regulator })
  t.match(await anomalies(breton), [{ doubt: doubt.id, pharmacy: null, entries: [] }])
  const found = (await anomalies(world.regulator)).find(({ doubt: id }: { doubt: string }) => id === doubt.id)
  t.match(found, { entries: [body.items[0].id], kind: 'one_person_two_records' })
  const acts = await call('GET', `/v1/audit/admin-acts?object=${doubt.id}`, { token: breton })
  t.match(acts.body.items, [{ by: { role: 'issuer', name: provider.issuer }, object: { kind: 'doubt' }, before: null }])
  const token = await service.token({ role: 'professional', subject: here })
  const readers = (await call('GET', '/v1/accesses/me', { token })).body.items
  const kinds = readers.map(({ kind, reader }: { kind: string; reader: { role: string } }) => [reader.role, kind])
  t.match(kinds, [
    ['regulator', 'professional'],
    ['regulator', 'history'],
    ['admin', 'professional'],
  ])

  must(200, await decide(doubt.id))
  t.same(await anomalies(breton), [])
})

t.test('found distinct, each has a share of their own, and no login opens it again', async (t) => {
  const [older, newer] = await people({ [adeli(3)]: 8, [rpps(3)]: 2 })
  await logIn(newer, [older])
  t.match(await world.dispense(place, newer, 1), { status: 409 })
  const { id } = await between([older, newer])
  const decided = must(200, await decide(id)).body
  t.match(decided, { decision: 'distinct', decidedBy: 'admin' })
  t.match(await left(older), { received: 8 })
  must(201, await world.dispense(place, newer, 8))
  t.match((await logIn(newer, [older])).body.items, [{ received: 10 }, {}])
  t.same(await between([older, newer]), undefined)
  t.match(await between([older, newer], 'distinct'), { id, reason: 'asked both' })
  t.match(await left(older), { received: 8, remaining: 2 })
  t.match((await decide(id)).body, decided, 'said again')
  await invariantsHold(t, service.db)
})

t.test('merged, they are one person, and the doubt is decided by whoever merged them', async (t) => {
  const [older, newer] = await people({ [adeli(4)]: 4, [rpps(4)]: 5 })
  await logIn(newer, [older])
  must(201, await world.dispense(place, older, 1))
  must(200, await put(newer, { otherIds: [older] }))
  const merged = await between([older, newer], 'same')
  t.match(merged, { decision: 'same', decidedBy: 'admin', persons: { length: 1 } })
  t.match(await decide(merged.id), { status: 409, body: { code: 'identity_decided' } })
  t.match(await left(newer), { received: 10, remaining: 0 })
  t.match(await world.dispense(place, newer, 1), { status: 409 })
  await invariantsHold(t, service.db)
})

t.test('doubts lead from one to the next, also past a merge, until each is decided', async (t) => {
  const [one, two, three] = await people({ [adeli(5)]: 2, [rpps(5)]: 3, [rpps(6)]: 0 })
  const [stranger] = await people({ [adeli(6)]: 1 })
  await logIn(two, [one])
  await logIn(three, [two])
  for (const id of [one, two, three]) t.match(await left(id), { received: 5 })
  must(200, await put(three, { otherIds: [stranger] }))
  for (const id of [one, two, three, stranger]) t.match(await left(id), { received: 6 }, 'with who was merged into one')
  must(200, await decide((await between([two, three])).id))
  t.match([await left(one), await left(two), await left(stranger)], [{ received: 5 }, { received: 5 }, { received: 1 }])
  await logIn(three, [two, one])
  t.match(await left(stranger), { received: 6 }, 'the third names the first, about whom nobody has decided')
  must(201, await world.dispense(place, two, 4))
  t.match(await world.dispense(place, stranger, 1), { status: 409, body: { code: 'entitlement_exceeded' } })
  await invariantsHold(t, service.db)
})

t.test('a login that the directory does not know raises the doubt about the two whom it names', async (t) => {
  const [one, other] = await people({ [adeli(7)]: 9, [adeli(8)]: 0 })
  t.equal((await logIn(rpps(7), [one, other])).status, 403)
  t.match(await world.dispense(place, other, 2), { status: 409, body: { remaining: [{ quantity: 1 }] } })
})

t.test('nobody is erased while it is in doubt who they are', async (t) => {
  const [one, other] = await people({ [adeli(9)]: 0, [rpps(9)]: 0 })
  await logIn(other, [one])
  const erase = (id: string) => call('POST', `/v1/professionals/${id}/erasure`, { token: world.admin, body: order })
  t.match(await erase(one), { status: 409, body: { code: 'identity_in_doubt' } })
  const { id } = await between([one, other])
  must(200, await decide(id))
  must(200, await erase(one))
  t.match(
    (await doubts('distinct')).find((each: { id: string }) => each.id === id),
    { reason: null },
  )
})

t.test('404 for no doubt, 400 for another decision or no reason', async (t) => {
  t.match(await decide('0197a000-0000-7000-8000-000000000000'), { status: 404, body: { code: 'not_found' } })
  for (const [body, path] of [
    [{ decision: 'same', reason: 'R' }, 'decision'],
    [{ decision: 'distinct' }, 'reason'],
  ] as const) {
    const sent = { token: world.admin, body }
    const answer = await call('POST', '/v1/identity-doubts/0197a000-0000-7000-8000-000000000000/decision', sent)
    t.match(answer, { status: 400, body: { errors: [{ path }] } })
  }
})
