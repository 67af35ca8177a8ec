import { createHash } from 'node:crypto'
import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { clientToken } from '../support/client-rows.ts'
import { askConsents, secondWords } from '../support/clients.ts'
import { raiseDoubt } from '../support/doubts.ts'
import { order, underRule } from '../support/erasure.ts'
import { adeli } from '../support/numbers.ts'
import { letExpire } from '../support/records.ts'
import { dereferenced } from '../support/references.ts'
import { type Route, routesOf } from '../support/routes.ts'
import { startService } from '../support/service.ts'
import { minutesAgo } from '../support/times.ts'
import { makeClient, makeEndpoint } from '../support/webhooks.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../support/world.ts'

const service = await startService(t, { LEDGER_RETENTION_DAYS: 0, MAX_LIVE_HOLDS: 20, FOUR_EYES: 'true' })
const { app, call, db } = service
const world = await makeWorld(service, null)
const { admin } = world
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
const nurse = await world.professional(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))
const receiving = await makeClient(service, { role: 'pharmacy', finess: [place.finess] })
const boxed = { name: 'S', kind: 'mask', packs: [{ gtin: '3401060011444', unitsPerBox: 2 }], active: true }
must(200, await call('PUT', '/v1/products/ffp2', { token: admin, body: boxed }))

interface Write {
  name: string
  method: Route['method']
  path: string
  token: string
  body?: object
}

/** What a write is answered, to the byte; secrets and a consent's code are shown once and by no key. */
async function send(write: Write) {
  const { name, method, path, token, body } = write
  const { statusCode, headers, payload } = await app.inject({
    method,
    url: path,
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': keyOf(write) },
    ...(body && { payload: body }),
  })
  const isShownOnce = /^POST \/v1\/(clients|consents|webhook-endpoints)/.test(name)
  const shown = isShownOnce ? payload.replace(/,"(clientSecret|secret|code)":"[^"]*"/, '') : payload
  return { answer: [statusCode, headers['content-type'], shown], replayed: headers['idempotency-replayed'] === 'true' }
}

const hold = async () => must(201, await world.reserve(nurse.token, { quantity: 3, pharmacy: place.finess })).body
const handOver = (name: string, more: object = {}, quantity = 2): Write => ({
  name: `POST /v1/dispensations ${name}`,
  method: 'POST',
  path: '/v1/dispensations',
  token: place.token,
  body: dispensationBody(nurse.id, quantity, more),
})
const movement = (name: string, body: object): Write => ({
  name: `POST /v1/pharmacies/{finess}/stock-movements ${name}`,
  method: 'POST',
  path: `/v1/pharmacies/${place.finess}/stock-movements`,
  token: place.token,
  body: { product: 'surgical', occurredAt: minutesAgo(0), ...body },
})

/** Hand-overs with all that an answer may say, reversals of one, and movements. */
async function masks(): Promise<Write[]> {
  const [live, expired] = [await hold(), await hold()]
  await letExpire(db, expired.id)
  const reservations = [live, expired].map(({ id, pickupCode }) => ({ id, pickupCode }))
  const { id } = must(201, await world.dispense(place, nurse.id, 9)).body
  const reversal = { method: 'POST' as const, path: `/v1/dispensations/${id}/reversal`, token: place.token }
  const name = 'POST /v1/dispensations/{id}/reversal'
  const lines = [
    { product: 'ffp2', quantity: 1, lot: 'L « 1 » / é' },
    { product: 'surgical', quantity: 4 },
  ]
  const scanned = [{ scan: '(01)03401060011444(17)280200(10)L' }]
  return [
    handOver('plain'),
    handOver('of two products, a minute ago', { lines, dispensedAt: minutesAgo(1) }),
    handOver('of two reservations', { reservations }),
    handOver('by scan', { lines: scanned }),
    handOver('by scan, much as before', { lines: scanned }),
    handOver('beyond the cap', { override: { reasonCode: 'other', note: 'Fire "there"' } }, 200),
    { ...reversal, name: `${name} in part`, body: { kind: 'returned', lines: [{ product: 'surgical', quantity: 4 }] } },
    { ...reversal, name: `${name} of the rest`, body: { kind: 'entry_error', note: 'A slip' } },
    movement('in', { kind: 'delivery', quantity: 5, reference: 'N° 7', lot: 'B', bestBefore: '2027-01-31' }),
    {
      name: 'POST /v1/pharmacies/{finess}/deliveries',
      method: 'POST',
      path: `/v1/pharmacies/${place.finess}/deliveries`,
      token: place.token,
      body: { reference: 'N° 7', occurredAt: minutesAgo(0), lines: [...lines, { scan: '3401060011444' }] },
    },
    movement('lost', { kind: 'loss', quantity: 6 }),
    movement('away', { kind: 'transfer_out', quantity: 6, counterparty: other.finess }),
  ]
}

/** By their routes' names, what a client asks of its endpoints: of one each, so that none undoes what another needs. */
async function ofEndpoints(): Promise<Record<string, Partial<Write>>> {
  const { token } = receiving
  const { items } = must(200, await call('GET', '/v1/events?limit=1', { token })).body
  const of = async (method: string, verb: string, more: Partial<Write> = {}): Promise<[string, Partial<Write>]> => {
    const { id } = await makeEndpoint(service, token, { url: 'https://8.8.8.8/hooks' })
    const path = `/v1/webhook-endpoints/${id}${verb}`
    return [`${method} /v1/webhook-endpoints/{id}${verb}`, { path, token, ...more }]
  }
  return Object.fromEntries([
    ['POST /v1/webhook-endpoints', { token }],
    await of('DELETE', ''),
    await of('POST', '/secret-rotation'),
    await of('POST', '/test'),
    await of('POST', '/redelivery', { body: { event: items[0].id } }),
  ])
}

/** One of every other write that takes a key. */
async function others(): Promise<Write[]> {
  const post = async (path: string, body: object) => (await call('POST', path, { token: admin, body })).body
  const till = { name: 'A till', role: 'pharmacy', scopes: ['stock:read'] }
  const [client, formerClient] = [await post('/v1/clients', till), await post('/v1/clients', till)]
  const former = { token: place.token, body: {} }
  must(201, await call('PUT', `/v1/pharmacies/${place.finess}/grants/${formerClient.id}`, former))
  const { id: secret } = await post(`/v1/clients/${client.id}/secrets`, {})
  const dropped = await post('/v1/clients', till)
  const objects = {
    pharmacy: place.finess,
    professional: nurse.id,
    reservation: (await hold()).id,
    largerReservation: (await hold()).id,
    rule: (await world.rule({ beneficiaries: [{ profession: '97' }] })).id,
    territory: 'FR-31',
    client: client.id,
    formerClient: formerClient.id,
    doubt: await raiseDoubt(service, [(await world.professional(8)).id, (await world.professional(9)).id]),
    ...(await askConsents(service, place.finess, client, formerClient)),
  }
  const gone = await world.professional(2)
  const paths: Record<string, string> = {
    'POST /v1/professionals/{id}/erasure': `/v1/professionals/${gone.id}/erasure`,
    'POST /v1/clients/{id}/secrets': `/v1/clients/${dropped.id}/secrets`,
    'DELETE /v1/clients/{id}/secrets/{secret}': `/v1/clients/${client.id}/secrets/${secret}`,
  }
  const machine = await clientToken(service.key, dropped.id, [])
  const own: Record<string, Partial<Write>> = {
    ...(await secondWords(service)),
    ...(await ofEndpoints()),
    'POST /v1/consents': { token: machine },
  }
  const tokens = { pharmacy: place.token, professional: nurse.token, regulator: world.regulator, admin }
  return routesOf(app, objects)
    .filter(({ name }) => keyed.has(name) && !/dispensations|stock-movements|deliveries/.test(name))
    .map((route) => {
      const role = route.roles.find((each) => each === 'admin') ?? route.roles[0] ?? 'admin'
      return { ...route, path: paths[route.name] ?? route.path, token: tokens[role], ...own[route.name] }
    })
}

/** The routes that take a key, by their description. */
const keyed = new Set(
  Object.entries(dereferenced(app.swagger()).paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { parameters?: { name: string }[] }>)
      .filter(([, { parameters }]) => parameters?.some(({ name }) => name === 'idempotency-key'))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  ),
)

/** Changes whatever an answer may have told of the world. */
async function turnTheWorld(): Promise<void> {
  must(200, await world.count(place, 1, 'surgical'))
  const pharmacy = { name: 'Renamed', address: 'Elsewhere', ...CENTRE, territory: 'FR-09', status: 'active' }
  must(200, await call('PUT', `/v1/pharmacies/${place.finess}`, { token: admin, body: pharmacy }))
  const product = { name: 'Renamed', kind: 'mask', packs: [], active: false }
  must(200, await call('PUT', '/v1/products/surgical', { token: admin, body: product }))
  const body = {
    profession: '10',
    familyName: 'Renamed',
    givenName: 'R',
    otherIds: [adeli(1)],
    practice: { latitude: 43, longitude: 1, territory: 'FR-09' },
    status: 'active',
  }
  must(200, await call('PUT', `/v1/professionals/${nurse.id}`, { token: admin, body }))
  const reasoned = { token: nurse.token, body: {} }
  const { items } = (await call('GET', '/v1/reservations?status=held', { token: nurse.token })).body
  for (const { id } of items) must(200, await call('POST', `/v1/reservations/${id}/cancellation`, reasoned))
  const { token } = receiving
  const endpoints = must(200, await call('GET', '/v1/webhook-endpoints', { token })).body.items
  t.equal(endpoints.length, 4)
  for (const { id } of endpoints) must(200, await call('DELETE', `/v1/webhook-endpoints/${id}`, { token }))
}

t.test('a retry is answered what came first, to the byte, whatever has happened since', async (t) => {
  const writes = await underRule(service, world, async () => {
    const writes = [...(await others()), ...(await masks())]
    t.same([...new Set(writes.map(({ name }) => name.split(' ').slice(0, 2).join(' ')))].sort(), [...keyed].sort())
    const sent = []
    for (const write of writes) sent.push({ ...write, first: await send(write) })
    return sent
  })
  for (const { first, ...write } of writes) {
    t.match(first, { answer: [/^20[01]$/], replayed: false }, write.name)
    t.strictSame(await send(write), { ...first, replayed: true }, `${write.name}, at once`)
  }
  await turnTheWorld()
  for (const { first, ...write } of writes) {
    t.strictSame(await send(write), { ...first, replayed: true }, `${write.name}, in a changed world`)
  }
})

t.test('the keys of an erased person’s hand-overs go on answering, without what named the person', async (t) => {
  const person = await world.professional(3)
  const override = { reasonCode: 'other', note: 'Words' }
  const write = { ...handOver('to be erased'), body: dispensationBody(person.id, 300, { override }) }
  must(200, await call('PUT', '/v1/products/surgical', { token: admin, body: { ...masksOf, active: true } }))
  must(200, await world.count(place, 10_000))
  const first = await underRule(service, world, () => send(write))
  must(200, await call('POST', `/v1/professionals/${person.id}/erasure`, { token: admin, body: order }))
  const [status, type, payload] = first.answer
  const erased = JSON.stringify({ ...JSON.parse(String(payload)), professional: null, override: null })
  t.strictSame(await send(write), { answer: [status, type, erased], replayed: true })
  const another = { ...write, body: dispensationBody(person.id, 299, { override }) }
  t.match(await send(another), { answer: [422] })
})

t.test('a key that another person’s hand-over has used is refused, and shows nothing', async (t) => {
  const [one, two] = [await world.professional(4), await world.professional(5)]
  const write = handOver('of one of two')
  const to = (id: string) => ({ ...write, body: dispensationBody(id, 2) })
  const before = await readings()
  const first = await underRule(service, world, () => send(to(one.id)))
  t.match(await send(to(two.id)), { answer: [422, /problem/, /idempotency_key_reused/], replayed: false })
  t.equal(await readings(), before, 'no reading is recorded')
  t.strictSame(await send(to(one.id)), { ...first, replayed: true })
})

t.test('an answer is kept by what its entry does not tell', async (t) => {
  const kept = await rows<{ made: boolean; warned: boolean; bytes: number }>(
    db,
    'kept_answers',
    sql`select made is not null as made, response::text like '%"warnings"%' as warned, octet_length(response::text) as bytes
        from idempotency_keys
        where response::text like '%"receipt"%'`,
  )
  t.ok(kept.length > 0)
  for (const { made, warned, bytes } of kept) t.ok(made && bytes < (warned ? 400 : 280), `${bytes} bytes`)
})

// Release 0.1.0 kept one hash, of route, parameters and body with their members sorted, and later ones two, the first
// without the number. What was hashed is written out here, so that no change of a schema or a route loses a retry.
t.test('a key of an earlier release answers again what it answered then, and has no second effect', async (t) => {
  const person = await world.professional(6)
  const rest = '"identityCheck":{"method":"cps_card"},"lines":[{"product":"surgical","quantity":7}]'
  const defaults = '"releaseHolds":false,"reservations":[]'
  const sent = (number: string) => `["POST /v1/dispensations",{},{${rest},${number}${defaults}}]`
  const [unnamed, named] = [sha256(sent('')), sha256(sent(`"professional":"${person.id}",`))]
  const was = { id: '0197a000-0000-7000-8000-000000000000', kind: 'dispensation', professional: person.id }
  const hashes = { '0.1.0': [named], '0.2.0': [unnamed, named], 'erased in 0.2.0': [unnamed] }
  for (const [release, kept] of Object.entries(hashes)) {
    const write = { ...handOver(`of ${release}`), body: dispensationBody(person.id, 7) }
    await keepAs(write, Buffer.concat(kept), was)
    t.match(await send(write), { answer: [201, /json/, JSON.stringify(was)], replayed: true }, release)
    const other = { ...write, body: dispensationBody(person.id, 8) }
    t.match(await send(other), { answer: [422, /problem/, /idempotency_key_reused/] }, `${release}, another body`)
  }
  const given = await call('GET', '/v1/professionals/me/history', { token: person.token })
  t.same(given.body.items, [])
})

t.test('an erasure leaves no hash of 0.1.0, from which the number can be guessed, and refuses its retry', async (t) => {
  const person = await world.professional(7)
  const { id } = await underRule(service, world, async () => must(201, await world.dispense(place, person.id, 7)).body)
  const write = { ...handOver('of 0.1.0, erased'), body: dispensationBody(person.id, 7) }
  await keepAs(write, sha256('anything'), { id, kind: 'dispensation', professional: person.id })
  const reversal = { ...write, name: 'reversal of 0.1.0' }
  await keepAs(reversal, sha256('without a number'), { id, kind: 'reversal', professional: person.id })
  must(200, await call('POST', `/v1/professionals/${person.id}/erasure`, { token: admin, body: order }))
  const hashes = await Promise.all([write, reversal].map(keptHash))
  t.same(hashes, ['', sha256('without a number').toString('hex')])
  t.match(await send(write), { answer: [422] })
})

const masksOf = { name: 'Masque', kind: 'mask', packs: [] }

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function keyOf({ name }: Write): string {
  return sha256(name).toString('hex')
}

/** Puts an answer under a write's key as an earlier release did. */
async function keepAs(write: Write, hash: Buffer, answer: object): Promise<void> {
  const scope = ['gomask', 'pharmacy', `till-${place.finess}`, place.finess].join('\n')
  await rows(
    db,
    'keep_as_earlier',
    sql`insert into idempotency_keys (scope, key, request_hash, status, response)
        values (${scope}, ${keyOf(write)}, decode(${hash.toString('hex')}, 'hex'), 201, ${JSON.stringify(answer)}::json)`,
  )
}

async function keptHash(write: Write): Promise<string | undefined> {
  const [found] = await rows<{ hash: string }>(
    db,
    'kept_hash',
    sql`select encode(request_hash, 'hex') as hash from idempotency_keys where key = ${keyOf(write)}`,
  )
  return found?.hash
}

async function readings(): Promise<number> {
  const [found] = await rows<{ n: number }>(db, 'readings', sql`select count(*)::int as n from accesses`)
  return found?.n ?? 0
}
