import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { inTransaction } from '../../../src/db/transaction.ts'
import { tellInForce } from '../../../src/features/allocation-rules/queries.ts'
import { forgetOlder } from '../../../src/store/retention.ts'
import { askToken, basic, clientBody, grant, makeClient, tokenOf } from '../../support/clients.ts'
import type { Answer } from '../../support/service.ts'
import { startService } from '../../support/service.ts'
import { tamper } from '../../support/superuser.ts'
import { makeWorld, must, ruleBody } from '../../support/world.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 20)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2, { territory: 'FR-34' })]
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
const events = (token: string | undefined, query = '') => call('GET', `/v1/events${query}`, { token })
const items = (answer: Answer): { id: string; type: string; at: string; data: Record<string, unknown> }[] =>
  must(200, answer).body.items
const typesOf = (answer: Answer) => items(answer).map(({ type }) => type)

must(201, await world.count(place, 10))
const { body: kept } = must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: place.finess }))
const { body: left } = must(201, await world.reserve(nurse.token, { quantity: 7, pharmacy: place.finess }))
const reason = { reason: `Mme Martin1, ${nurse.id}` }
const cancel = { token: place.token, body: reason }
must(200, await call('POST', `/v1/reservations/${left.id}/cancellation`, cancel))
const collect = { reservations: [{ id: kept.id, pickupCode: kept.pickupCode }] }
const { body: entry } = must(201, await world.dispense(place, nurse.id, 2, collect))
const back = { token: place.token, key: true, body: { kind: 'returned' } } as const
const { body: reversal } = must(201, await call('POST', `/v1/dispensations/${entry.id}/reversal`, back))
must(201, await world.count(other, 5))
must(201, await world.dispense(other, colleague.id, 1))

t.test('a pharmacy is told what happened there, in order, with what it takes to act', async (t) => {
  const found = items(await events(place.token, `?pharmacy=${place.finess}`))
  const at = { pharmacy: place.finess, product: 'surgical' }
  const shelf = (onHand: number, held: number, version: number) => ({
    ...{ ...at, onHand, held, available: onHand - held, version },
  })
  const lines = [{ product: 'surgical', quantity: 2 }]
  const { expiresAt, label } = kept
  t.strictSame(
    found.map(({ type, data }) => [type, data]),
    [
      ['stock.declared', shelf(10, 0, 1)],
      ['stock.replenished', shelf(10, 0, 1)],
      ['reservation.created', { ...at, id: kept.id, quantity: 3, status: 'held', expiresAt, label }],
      [
        'reservation.created',
        { ...at, id: left.id, quantity: 7, status: 'held', expiresAt: left.expiresAt, label: left.label },
      ],
      ['stock.depleted', shelf(10, 10, 3)],
      ['reservation.cancelled', { ...at, id: left.id, quantity: 7, status: 'cancelled', cancellationReason: 'other' }],
      ['stock.replenished', shelf(10, 3, 4)],
      [
        'reservation.collected',
        { ...at, id: kept.id, quantity: 3, status: 'collected', collectedQuantity: 2, dispensation: entry.id },
      ],
      [
        'dispensation.recorded',
        { id: entry.id, pharmacy: place.finess, lines, dispensedAt: entry.dispensedAt, flags: [] },
      ],
      [
        'dispensation.reversed',
        { id: reversal.id, pharmacy: place.finess, lines, dispensedAt: entry.dispensedAt, reverses: entry.id },
      ],
    ],
  )
  t.equal(new Set(found.map(({ id }) => id)).size, found.length)
  const all = JSON.stringify(found)
  for (const secret of [nurse.id, 'Martin', kept.pickupCode]) t.notMatch(all, secret)
  const persons = await rows<{ id: string }>(db, 'persons', sql`select id::text from persons`)
  for (const { id } of persons) t.notMatch(all, id, 'nor the surrogate')
})

t.test('each caller is told of what it may read, and of nothing else', async (t) => {
  const told = async (token: string, query = '?limit=100') => {
    const found = items(await events(token, query))
    return [...new Set(found.map(({ type, data }) => `${type.split('.')[0]} ${data.pharmacy ?? 'everybody'}`))].sort()
  }
  const [here, there] = [place.finess, other.finess]
  t.same(await told(nurse.token), [`dispensation ${here}`, `reservation ${here}`, 'rule everybody'])
  t.same(await told(colleague.token), [`dispensation ${there}`, 'rule everybody'])
  t.same(await told(place.token), [`dispensation ${here}`, `reservation ${here}`, 'rule everybody', `stock ${here}`])
  t.same(await told(other.token), [`dispensation ${there}`, 'rule everybody', `stock ${there}`])
  const both = await service.token({ role: 'pharmacy', subject: 'group', finess: [here, there] })
  t.same(await told(both, `?pharmacy=${there}`), [`dispensation ${there}`, `stock ${there}`])
  t.equal((await told(both)).length, 6)
  t.match(await events(place.token, `?pharmacy=${there}`), { status: 403 })

  const of = (more: object) =>
    service.token({ role: 'regulator', subject: 'ars', territories: ['FR-34'], ...more } as never)
  // The colleague practises in the other territory: either of an entry’s two is enough.
  t.same(await told(await of({})), [`dispensation ${there}`, 'rule everybody', `stock ${there}`])
  t.same(await told(await of({ professions: ['10'] })), ['rule everybody', `stock ${there}`])
  t.same(await told(world.regulator, '?limit=100'), [
    ...[`dispensation ${here}`, `dispensation ${there}`, 'rule everybody', `stock ${here}`, `stock ${there}`],
  ])
  t.match(await events(world.admin), { status: 403 })
  t.match(await events(undefined), { status: 401 })

  const suspended = { token: world.admin, body: pharmacyBody('suspended') }
  must(200, await call('PUT', `/v1/pharmacies/${there}`, suspended))
  t.same(await told(both), [`dispensation ${here}`, `reservation ${here}`, 'rule everybody', `stock ${here}`])
  must(200, await call('PUT', `/v1/pharmacies/${there}`, { ...suspended, body: pharmacyBody('active') }))
})

t.test('a machine is told of its grants, as far as its token and scopes reach', async (t) => {
  const machine = await makeClient(service, world.admin, clientBody({ scopes: ['stock:read', 'reservations:read'] }))
  t.same(items(await events(await tokenOf(service, machine))), [], 'without a grant it acts for nobody')
  for (const each of [place, other]) await grant(service, each, machine)
  const kinds = async (token: string) =>
    new Set(items(await events(token, '?limit=100')).map(({ type, data }) => `${type.split('.')[0]} ${data.pharmacy}`))
  const whole = await tokenOf(service, machine)
  t.same(await kinds(whole), new Set([`stock ${place.finess}`, `reservation ${place.finess}`, `stock ${other.finess}`]))
  t.same(
    await kinds(await tokenOf(service, machine, 'stock:read')),
    new Set([`stock ${place.finess}`, `stock ${other.finess}`]),
  )
  const resource = `urn:gomask:pharmacy:${other.finess}`
  const narrowed = must(200, await askToken(service, basic(machine), { resource })).body.access_token
  t.same(await kinds(narrowed), new Set([`stock ${other.finess}`]))
  must(
    200,
    await call('POST', `/v1/pharmacies/${other.finess}/grants/${machine.id}/withdrawal`, { token: other.token }),
  )
  t.same(await kinds(whole), new Set([`stock ${place.finess}`, `reservation ${place.finess}`]))
})

t.test('what a pharmacy or a regulator is told about somebody is recorded, and nothing else', async (t) => {
  const count = async () => {
    const { items } = must(200, await call('GET', '/v1/accesses/me?limit=100', { token: nurse.token })).body
    return items.length as number
  }
  for (const [token, query, more] of [
    [place.token, '?type=stock.declared', 0],
    [place.token, '?type=reservation.created,dispensation.recorded', 2],
    [world.regulator, '?type=dispensation.recorded', 1],
    [nurse.token, '', 0],
    [other.token, '', 0],
  ] as const) {
    const before = await count()
    items(await events(token, query))
    t.equal((await count()) - before, more, query)
  }
})

t.test('pages follow one another without gap or overlap, from a cursor, an event or the present', async (t) => {
  const whole = items(await events(place.token, '?limit=100'))
  const paged: string[] = []
  let after = ''
  for (let n = 0; n < whole.length + 2; n++) {
    const answer = must(200, await events(place.token, `?limit=3${after}`))
    paged.push(...items(answer).map(({ id }) => id))
    after = `&after=${answer.body.nextCursor}`
  }
  t.same(
    paged,
    whole.map(({ id }) => id),
  )
  t.same(items(await events(place.token, `?limit=100&after=${whole[4]?.id}`)), whole.slice(5))
  const latest = must(200, await events(place.token, '?after=latest'))
  t.same(latest.body.items, [])
  must(200, await world.count(place, 12))
  t.same(typesOf(await events(place.token, `?after=${latest.body.nextCursor}`)), ['stock.declared'])
  t.same(typesOf(await events(place.token, `?after=${latest.body.nextCursor}&type=rule.published,stock.depleted`)), [])
  for (const query of [
    'after=%00',
    'after=A',
    'after=zzzzzzzzzzzzz',
    'type=stock',
    'type=',
    'limit=0',
    'limit=101',
    'x=1',
  ])
    t.equal((await events(place.token, `?${query}`)).status, 400, query)
  const nobodys = '5f0a1d52-7a5e-4c55-9d6b-3a1f0e6b7c11'
  t.match(await events(place.token, `?after=${nobodys}`), { status: 400, body: { errors: [{ path: 'after' }] } })
})

t.test('a rule is told when it is published and, once, when it comes into force', async (t) => {
  const { body } = must(200, await events(nurse.token, '?after=latest'))
  const publish = (validFrom: string) =>
    call('POST', '/v1/allocation-rules', { token: world.admin, body: ruleBody({ validFrom, territory: 'FR-973' }) })
  const { id } = must(201, await publish('2026-02-01T00:00:00.000Z')).body
  must(201, await publish('2030-02-01T00:00:00.000Z'))
  for (const told of [2, 0]) t.equal(await inTransaction(db, tellInForce), told, 'with that of this world')
  const found = items(await events(nurse.token, `?after=${body.nextCursor}`))
  t.same(
    found.map(({ type }) => type),
    [...Array(2).fill('rule.published'), ...Array(2).fill('rule.in_force')],
  )
  const data = { id, territory: 'FR-973', validFrom: '2026-02-01T00:00:00.000Z', validTo: null }
  t.match(found.find(({ type, data: { id: of } }) => type === 'rule.in_force' && of === id)?.data, data)
})

t.test('who was before what is forgotten is told so: 410 events_gone', async (t) => {
  const whole = items(await events(place.token, '?limit=100'))
  const [first, second] = whole as [(typeof whole)[0], (typeof whole)[0]]
  const cursor = must(200, await events(place.token, '?limit=1')).body.nextCursor
  await tamper(service, `update event_log set at = at - interval '31 days' where id in ('${first.id}', '${second.id}')`)
  t.equal(await forgetOlder(db, 'events', 30), 2)
  t.match(await events(place.token, `?after=${cursor}`), { status: 410, body: { code: 'events_gone' } })
  t.equal((await events(place.token, '?after=0')).status, 410)
  t.same(items(await events(place.token, '?limit=100')), whole.slice(2), 'without a place, from the oldest kept')
  const ancient = '01800000-0000-7000-8000-000000000000'
  t.match(await events(place.token, `?after=${ancient}`), { status: 410 })
})

function pharmacyBody(status: string): object {
  return {
    name: 'Pharmacie 2',
    address: '2 rue de la Paix, 31000 Toulouse',
    latitude: world.centre.latitude,
    longitude: world.centre.longitude + 2 * 0.0124,
    territory: 'FR-34',
    status,
  }
}
