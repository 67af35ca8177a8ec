import { createPublicKey, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { startService } from '../../support/service.ts'
import { until } from '../../support/until.ts'
import {
  letAttemptsBeDue,
  makeClient,
  makeEndpoint,
  makeReceiver,
  type Received,
  startDelivering,
  TO_THIS_MACHINE,
} from '../../support/webhooks.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t, TO_THIS_MACHINE)
const { db, call } = service
const world = await makeWorld(service)
const errors = await startDelivering(t, service)
const [here, there] = [await world.pharmacy(1), await world.pharmacy(2)]
const nurse = await world.professional(1)

t.afterEach(() => t.same(errors.splice(0), []))

const typesOf = (received: readonly Received[]) => received.map(({ event }) => event.type)
const of = (received: readonly Received[], { finess }: { finess: string }) =>
  received.filter(({ event }) => event.data.pharmacy === finess)

/** How the attempts at an endpoint went, oldest first. */
async function attempts(token: string, id: string, query = '') {
  const { body } = must(200, await call('GET', `/v1/webhook-endpoints/${id}/deliveries?limit=100${query}`, { token }))
  return body.items.toReversed()
}

t.test('what happens at a pharmacy arrives in order, once, as followers read it and signed both ways', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const [hmac, ed25519] = [await makeReceiver(t), await makeReceiver(t)]
  const { id, secret = '' } = await makeEndpoint(service, client.token, { url: hmac.url })
  const { publicKey } = await makeEndpoint(service, client.token, { url: ed25519.url, signing: 'v1a' })
  must(201, await world.count(here, 10))
  must(201, await world.count(there, 10))
  must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: here.finess }))
  await until('it did not arrive', () => hmac.received.length >= 4 && ed25519.received.length >= 4)
  t.same(typesOf(hmac.received), ['stock.declared', 'stock.replenished', 'reservation.created', 'stock.depleted'])
  for (const { headers, body, event } of hmac.received) {
    t.same(new Webhook(secret).verify(body, headers), event)
    t.equal(headers['webhook-id'], event.id)
    t.equal(event.data.pharmacy, here.finess)
    t.notOk('secret' in event.data || body.includes(nurse.id))
  }
  t.match(publicKey, /^whpk_/)
  for (const { headers, body } of ed25519.received) t.ok(isSignedBy(publicKey ?? '', headers, body))
  t.same(
    ed25519.received.map(({ body }) => body),
    hmac.received.map(({ body }) => body),
  )
  await until('it was not recorded', async () => (await attempts(client.token, id)).length >= 4)
  t.match(await attempts(client.token, id), [
    { type: 'stock.declared' },
    { type: 'stock.replenished', pharmacy: here.finess, outcome: 'delivered', httpStatus: 204, fault: null },
    { type: 'reservation.created', event: hmac.received[2]?.event.id },
    { type: 'stock.depleted' },
  ])
})

t.test('an event that fails holds up those behind it at its pharmacy, and no other pharmacy', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess, there.finess] })
  const receiver = await makeReceiver(t)
  let isBroken = true
  receiver.answer = ({ event }) => (isBroken && event.data.pharmacy === here.finess ? 500 : 204)
  const { id } = await makeEndpoint(service, client.token, {
    url: receiver.url,
    types: ['stock.replenished', 'stock.depleted'],
  })
  for (const count of [5, 0, 5]) {
    must(200, await world.count(here, count))
    must(200, await world.count(there, count))
  }
  await until('the other did not arrive', () => of(receiver.received, there).length === 2)
  await until('it was not tried', () => of(receiver.received, here).length > 0)
  const first = of(receiver.received, here)[0]?.event.id
  t.same([...new Set(of(receiver.received, here).map(({ event }) => event.id))], [first])
  isBroken = false
  await until('it did not arrive later', async () => {
    await letAttemptsBeDue(db)
    return new Set(of(receiver.received, here).map(({ event }) => event.id)).size === 3
  })
  const tries = of(receiver.received, here).filter(({ event }) => event.id === first)
  t.equal(new Set(tries.map(({ body }) => body)).size, 1, 'the same body each time')
  const log = await attempts(client.token, id, `&event=${first}`)
  t.match(log[0], { outcome: 'failed', httpStatus: 500, fault: 'status' })
  t.match(log.at(-1), { outcome: 'delivered', httpStatus: 204, fault: null })
})

t.test('who is not let read any more is told no more, from the next event on', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess, there.finess] })
  const receiver = await makeReceiver(t)
  await makeEndpoint(service, client.token, { url: receiver.url })
  // Waiting already when the grant ends: it failed once.
  receiver.answer = ({ event }) => (event.data.pharmacy === here.finess ? 503 : 204)
  must(200, await world.count(here, 3))
  await until('it was not tried', () => receiver.received.length > 0)
  await rows(
    db,
    'withdraw',
    sql`update client_grants set withdrawn_at = clock_timestamp(), withdrawn_by = 'a test'
    where client_id = ${client.id}::uuid and finess = ${here.finess}`,
  )
  receiver.answer = () => 204
  const tried = of(receiver.received, here).length
  must(200, await world.count(there, 3))
  await until('the other did not arrive', async () => {
    await letAttemptsBeDue(db)
    return of(receiver.received, there).length > 0 && (await lanesOf(client.id)) === 0
  })
  t.equal(of(receiver.received, here).length, tried)
  const told = of(receiver.received, there).length
  await rows(db, 'suspend', sql`update clients set status = 'suspended' where id = ${client.id}::uuid`)
  must(200, await world.count(there, 0))
  const other = await makeClient(service, { role: 'pharmacy', finess: [there.finess] })
  const watching = await makeReceiver(t)
  await makeEndpoint(service, other.token, { url: watching.url })
  must(200, await world.count(there, 4))
  await until('the other client was not told', () => watching.received.length > 0)
  t.equal(of(receiver.received, there).length, told, 'and a suspended client nothing')
})

t.test('410 ends an endpoint; a redirect or a target that has moved within reach is a failure', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const receiver = await makeReceiver(t)
  const { id } = await makeEndpoint(service, client.token, {
    url: receiver.url,
    types: ['stock.depleted', 'stock.replenished'],
  })
  const statuses = [302, 410]
  receiver.answer = () => statuses.shift() ?? 204
  must(200, await world.count(here, 0))
  must(200, await world.count(here, 7))
  await until('it did not end', async () => {
    await letAttemptsBeDue(db)
    return (await call('GET', `/v1/webhook-endpoints/${id}`, { token: client.token })).body.status === 'ended'
  })
  t.match(await attempts(client.token, id), [
    { outcome: 'failed', httpStatus: 302, fault: 'redirect' },
    { outcome: 'given_up', httpStatus: 410 },
  ])
  const again = await call('POST', `/v1/webhook-endpoints/${id}/test`, { token: client.token, body: {} })
  t.match(again, { status: 409, body: { code: 'webhook_endpoint_ended' } })
  const away = await makeEndpoint(service, client.token, { url: receiver.url, types: ['stock.depleted'] })
  await rows(db, 'move', sql`update webhook_endpoints set url = 'http://10.0.0.1/' where id = ${away.id}::uuid`)
  must(200, await world.count(here, 0))
  await until('it was not tried', async () => (await attempts(client.token, away.id)).length > 0)
  t.match(await attempts(client.token, away.id), [{ outcome: 'failed', httpStatus: null, fault: 'target_refused' }])
})

t.test('after a rotation both secrets sign until the overlap is over, then the new one alone', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const receiver = await makeReceiver(t)
  const { id, secret: former = '' } = await makeEndpoint(service, client.token, { url: receiver.url })
  const send = async () => {
    const before = receiver.received.length
    must(200, await call('POST', `/v1/webhook-endpoints/${id}/test`, { token: client.token, body: {} }))
    await until('the test did not arrive', () => receiver.received.length > before)
    return receiver.received.at(-1) as Received
  }
  const rotated = must(
    201,
    await call('POST', `/v1/webhook-endpoints/${id}/secret-rotation`, { token: client.token, body: {} }),
  )
  const verifies = (secret: string, { body, headers }: Received) => new Webhook(secret).verify(body, headers)
  const both = await send()
  t.equal(both.event.type, 'webhook.test')
  t.equal(both.headers['webhook-signature']?.split(' ').length, 2)
  for (const secret of [former, rotated.body.secret]) t.ok(verifies(secret, both))
  await rows(
    db,
    'overlap_over',
    sql`update webhook_secrets set expires_at = clock_timestamp() where endpoint_id = ${id}::uuid and expires_at is not null`,
  )
  const alone = await send()
  t.ok(verifies(rotated.body.secret, alone))
  t.throws(() => verifies(former, alone))
})

t.test('what nothing reached for three days is paused and loses nothing; a test that arrives resumes it', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const receiver = await makeReceiver(t)
  const { id } = await makeEndpoint(service, client.token, {
    url: receiver.url,
    types: ['stock.depleted', 'stock.replenished'],
  })
  receiver.answer = () => 500
  const read = async () => (await call('GET', `/v1/webhook-endpoints/${id}`, { token: client.token })).body
  must(200, await world.count(here, 8))
  must(200, await world.count(here, 0))
  await until('it was not tried', async () => (await read()).failingSince !== null)
  await rows(
    db,
    'three_days',
    sql`update webhook_endpoints set failing_since = failing_since - interval '3 days' where id = ${id}::uuid`,
  )
  await until('it was not paused', async () => {
    await letAttemptsBeDue(db)
    return (await read()).status === 'paused'
  })
  receiver.answer = () => 204
  const before = receiver.received.length
  must(200, await call('POST', `/v1/webhook-endpoints/${id}/test`, { token: client.token, body: {} }))
  await until('it was not resumed', () => receiver.received.length >= before + 3)
  t.same(typesOf(receiver.received.slice(before)), ['webhook.test', 'stock.replenished', 'stock.depleted'])
  t.match(await read(), { status: 'active', failingSince: null })
})

t.test('where others arrive, an event is given up after three days, and the next has its turn', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const receiver = await makeReceiver(t)
  const { id } = await makeEndpoint(service, client.token, {
    url: receiver.url,
    types: ['stock.depleted', 'stock.replenished'],
  })
  receiver.answer = ({ event }) => (event.type === 'stock.replenished' ? 500 : 204)
  must(200, await world.count(here, 8))
  must(200, await world.count(here, 0))
  await until('it was not given up', async () => {
    await rows(
      db,
      'days_of_lane',
      sql`update webhook_lanes set failing_since = failing_since - interval '3 days' where endpoint_id = ${id}::uuid`,
    )
    await letAttemptsBeDue(db)
    return (await attempts(client.token, id)).at(-1)?.type === 'stock.depleted'
  })
  const log = await attempts(client.token, id)
  t.match(log.slice(-2), [
    { type: 'stock.replenished', outcome: 'given_up' },
    { type: 'stock.depleted', outcome: 'delivered' },
  ])
})

t.test('events are delivered again on demand, one or those of a time, under their own ids', async (t) => {
  const client = await makeClient(service, { role: 'pharmacy', finess: [here.finess] })
  const receiver = await makeReceiver(t)
  const { id } = await makeEndpoint(service, client.token, {
    url: receiver.url,
    types: ['stock.depleted', 'stock.replenished'],
  })
  const again = (body: object) => call('POST', `/v1/webhook-endpoints/${id}/redelivery`, { token: client.token, body })
  for (const count of [6, 0, 6]) must(200, await world.count(here, count))
  await until('they did not arrive', () => receiver.received.length === 3)
  const [first, second, third] = receiver.received.map(({ event }) => event)
  t.match(await again({ event: second?.id }), { status: 200, body: { events: 1 } })
  await until('it did not arrive again', () => receiver.received.length === 4)
  t.same(receiver.received[3]?.event, second)
  t.match(await again({ from: first?.at, to: third?.at }), { status: 200, body: { events: 2 } })
  await until('they did not arrive again', () => receiver.received.length === 6)
  t.same(
    receiver.received.slice(4).map(({ event }) => event),
    [first, second],
  )
  t.match(await again({ event: '0197a000-0000-7000-8000-000000000000' }), { status: 404 })
  t.match(await again({ from: third?.at, to: first?.at }), { status: 400, body: { errors: [{ path: 'to' }] } })
})

t.test('nothing of this changes what the stock and the holds say', (t) => invariantsHold(t, db))

async function lanesOf(client: string): Promise<number> {
  const found = await rows(
    db,
    'lanes_of',
    sql`select from webhook_lanes l join webhook_endpoints e on e.id = l.endpoint_id
    where e.client_id = ${client}::uuid`,
  )
  return found.length
}

function isSignedBy(publicKey: string, headers: Record<string, string>, body: string): boolean {
  const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const [version, signature = ''] = headers['webhook-signature']?.split(',') ?? []
  const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  return version === 'v1a' && verify(null, signed, key, Buffer.from(signature, 'base64'))
}
