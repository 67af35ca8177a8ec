import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { finess, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { minutesAgo } from '../support/times.ts'
import { CENTRE, dispensationBody, makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))

const invalid = { status: 400, body: { code: 'invalid_request', errors: [{ message: /./ }] } }

t.test('places off the globe and impossible distances are 400', async (t) => {
  const search = (query: string) => call('GET', `/v1/pharmacies?product=surgical&${query}`, { token: nurse.token })
  for (const query of [
    'near=91,0',
    'near=-90.1,0',
    'near=0,180.1',
    'near=0,-181',
    'near=NaN,0',
    'near=1e3,0',
    'near=0x10,0',
    'near=.,0',
    'near=Infinity,0',
    'near=0',
    'near=0,0,0',
    'near=0,0&maxDistanceMetres=-1',
    'near=0,0&maxDistanceMetres=0',
    'near=0,0&maxDistanceMetres=1000000000',
    'near=0,0&maxDistanceMetres=1.5',
  ]) {
    t.match(await search(query), invalid, query)
  }
  for (const near of [
    { latitude: 91, longitude: 0 },
    { latitude: 0, longitude: 180.5 },
    { latitude: '0', longitude: 0 },
  ]) {
    t.match(await world.reserve(nurse.token, { quantity: 1, near }), invalid)
    const practice = { ...near, territory: 'FR-31' }
    const body = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active', practice }
    t.match(await call('PUT', `/v1/professionals/${rpps(2)}`, { token: world.admin, body }), invalid)
    const pharmacy = { name: 'P', address: 'A', territory: 'FR-31', status: 'active', ...near }
    t.match(await call('PUT', `/v1/pharmacies/${finess(2)}`, { token: world.admin, body: pharmacy }), invalid)
  }
  for (const maxDistanceMetres of [-1, 0, 1e9, 1.5]) {
    t.match(await world.reserve(nurse.token, { quantity: 1, near: CENTRE, maxDistanceMetres }), invalid)
  }
})

t.test('across the antimeridian and over the poles the nearest is the nearest', async (t) => {
  const sites = [
    { at: { latitude: -16, longitude: 179.99 }, from: { latitude: -16, longitude: -179.99 }, metres: 2_140 },
    { at: { latitude: 89.99, longitude: 0 }, from: { latitude: 89.99, longitude: 180 }, metres: 2_234 },
    { at: { latitude: -90, longitude: 77 }, from: { latitude: -89.99, longitude: -120 }, metres: 1_117 },
    { at: { latitude: 0, longitude: 180 }, from: { latitude: 0, longitude: -180 }, metres: 0 },
  ]
  for (const [index, { at, from, metres }] of sites.entries()) {
    const far = await world.pharmacy(30 + index, at)
    must(201, await world.count(far, 10))
    const near = `${from.latitude},${from.longitude}`
    const found = await call('GET', `/v1/pharmacies?product=surgical&near=${near}`, { token: nurse.token })
    t.equal(found.body.items[0]?.finess, far.finess, near)
    t.ok(Math.abs(found.body.items[0]?.distanceMetres - metres) < 10, `${found.body.items[0]?.distanceMetres} metres`)
    const held = await world.reserve(nurse.token, { product: 'surgical', quantity: 1, near: from })
    t.match(held, { status: 201, body: { pharmacy: { finess: far.finess } } })
    must(200, await call('POST', `/v1/reservations/${held.body.id}/cancellation`, { token: nurse.token }))
  }
})

t.test('SQL metacharacters in every field are stored as they are', async (t) => {
  const nasty = `'); drop table stock; --"$1" \\' %s \${x} {{y}} <b>&amp; é ☣ 🙂`
  const short = `'"; --\\ $1%🙂`
  const put = async (path: string, body: object) => (await call('PUT', path, { token: world.admin, body })).body
  const product = { name: nasty, kind: short, packs: [], active: true }
  t.match(await put('/v1/products/nasty', product), product)
  t.match(
    must(200, await call('GET', '/v1/products')).body.items.find(({ code }: { code: string }) => code === 'nasty'),
    product,
  )
  const pharmacy = { name: nasty, address: nasty, openingHours: nasty, phone: short, ...CENTRE, territory: 'FR-31' }
  t.match(await put(`/v1/pharmacies/${finess(40)}`, { ...pharmacy, status: 'active' }), pharmacy)
  t.match((await call('GET', `/v1/pharmacies/${finess(40)}`, { token: nurse.token })).body, pharmacy)
  const person = {
    profession: '60',
    speciality: short,
    familyName: nasty,
    givenName: nasty,
    otherIds: [],
    status: 'active',
  }
  t.match(await put(`/v1/professionals/${rpps(40)}`, person), person)
  const source = { title: nasty, reference: nasty, url: null }
  t.match(await world.rule({ source, beneficiaries: [{ profession: '60', speciality: short }] }), { source })

  const { token } = place
  const movement = {
    product: 'surgical',
    kind: 'delivery',
    quantity: 1,
    occurredAt: minutesAgo(0),
    reference: nasty,
    lot: short,
  }
  const path = `/v1/pharmacies/${place.finess}/stock-movements`
  t.match(await call('POST', path, { token, key: true, body: movement }), {
    status: 201,
    body: { reference: nasty, lot: short },
  })
  t.match((await call('GET', path, { token })).body.items[0], { reference: nasty, lot: short })
  const hold = must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })).body
  const cancel = { token, body: { reason: nasty } }
  const cancelled = await call('POST', `/v1/reservations/${hold.id}/cancellation`, cancel)
  t.match(cancelled, { status: 200, body: { cancellationReason: nasty } })

  const operator = `';drop\\table"$1--`
  const override = { reasonCode: 'other', note: nasty }
  const headers = { 'x-operator': operator }
  const body = dispensationBody(rpps(40), 0, {
    lines: [{ product: 'surgical', quantity: 1_001, lot: short }],
    override,
  })
  const made = await call('POST', '/v1/dispensations', { token, key: operator, body, headers })
  t.match(made, { status: 201, body: { lines: [{ lot: short }], rule: { source } } })
  const reversal = { token, key: true as const, body: { kind: 'returned', note: nasty }, headers }
  const reversed = must(201, await call('POST', `/v1/dispensations/${made.body.id}/reversal`, reversal)).body
  const kept = await oneRow<{ made: object; reversed: object }>(
    service.db,
    'kept_payloads',
    sql`select (select convert_from(payload, 'UTF8')::json from ledger_payloads where entry_id = ${made.body.id}::uuid) as made,
          (select convert_from(payload, 'UTF8')::json from ledger_payloads where entry_id = ${reversed.id}::uuid) as reversed`,
  )
  t.match(kept, { made: { override, operator }, reversed: { note: nasty, operator } })
  t.match((await call('POST', '/v1/dispensations', { token, key: operator, body, headers })).headers, {
    'idempotency-replayed': 'true',
  })
  const subject = `admin'; drop table stock; --`
  const quoted = await service.token({ role: 'regulator', subject, territories: [`FR'; --`, 'FR'] })
  t.equal((await call('GET', `/v1/professionals/${rpps(40)}/history`, { token: quoted })).status, 200)
})

t.test('CR LF in headers, ids and parameters is 400, and no line of the log can be forged', async (t) => {
  const forged = 'x\r\n{"level":"info","msg":"forged"}'
  const escaped = encodeURIComponent(forged)
  const body = dispensationBody(nurse.id, 1)
  const { token } = place
  service.logged.length = 0
  for (const headers of [{ 'idempotency-key': forged }, { 'idempotency-key': 'k', 'x-operator': forged }]) {
    t.match(await call('POST', '/v1/dispensations', { token, body, headers }), invalid)
  }
  for (const path of [
    `/v1/pharmacies/${escaped}`,
    `/v1/pharmacies/${escaped}/stock`,
    `/v1/reservations/${escaped}`,
    `/v1/dispensations/${escaped}`,
    `/v1/dispensations?cursor=${escaped}`,
    `/v1/dispensations?pharmacy=${escaped}`,
    `/v1/dispensations?${escaped}=1`,
    `/v1/reservations?status=${escaped}`,
  ]) {
    t.match(await call('GET', path, { token }), invalid, path)
  }
  t.match(await call('GET', `/${escaped}`), { status: 404 })
  for (const field of ['reference', 'lot']) {
    const movement = { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt: minutesAgo(0), [field]: forged }
    const path = `/v1/pharmacies/${place.finess}/stock-movements`
    t.match(await call('POST', path, { token, key: true, body: movement }), invalid, field)
  }
  t.match(await call('GET', '/v1/products', { token: forged }), { status: 200 })
  t.match(await call('GET', '/v1/territories', { headers: { authorization: `Bearer ${forged}` } }), { status: 401 })
  t.ok(service.logged.length >= 15, 'each request has its line')
  for (const line of service.logged) {
    t.equal(line.indexOf('\n'), line.length - 1)
    t.notMatch(JSON.parse(line), { msg: 'forged' })
  }
})
