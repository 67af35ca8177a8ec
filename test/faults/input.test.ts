import { Writable } from 'node:stream'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { logOptions } from '../../src/log.ts'
import { finess, rpps } from '../support/numbers.ts'
import { callers, nameOf, type Route, routes } from '../support/routes.ts'
import { startService } from '../support/service.ts'
import { minutesAgo } from '../support/times.ts'
import { CENTRE, dispensationBody, makeWorld, must, ruleBody } from '../support/world.ts'

const lines: string[] = []
const destination = new Writable({
  write: (line, _encoding, done) => {
    lines.push(String(line))
    done()
  },
})
const service = await startService(t, {}, { logger: pino(logOptions('trace'), destination) })
const { call } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))

const json = { 'content-type': 'application/json' }
const writes = routes.filter(({ body }) => body !== undefined)
const invalid = { status: 400, body: { code: 'invalid_request', errors: [{ message: /./ }] } }

/** Sends a body as it is, a text or bytes, to a route as one who may call it. */
async function send(
  { method, path, roles: [role] }: Route,
  body: string | Buffer,
  headers: Record<string, string> = json,
) {
  const token = role && (await service.token(callers[role]))
  return call(method, path, { token, key: true, body, headers })
}

/** The body of a route's example with more members, written as they stand. */
const withMembers = (route: Route, members: string) => {
  const text = JSON.stringify(route.body)
  return text === '{}' ? `{${members}}` : text.replace('{', `{${members},`)
}

t.test('a quantity that is no whole number from 1 to 1,000,000 is 400 (fault 25)', async (t) => {
  const { id } = must(201, await world.dispense(place, nurse.id, 5)).body
  const at = minutesAgo(0)
  const stock = `/v1/pharmacies/${place.finess}/stock`
  const bodies: [string, string, string | undefined, string][] = [
    ['POST', '/v1/reservations', nurse.token, '{"product":"surgical","quantity":Q}'],
    ['POST', '/v1/dispensations', place.token, JSON.stringify(dispensationBody(nurse.id, 77)).replace('77', 'Q')],
    ['POST', '/v1/dispensation-checks', place.token, JSON.stringify(dispensationBody(nurse.id, 77)).replace('77', 'Q')],
    [
      'POST',
      `/v1/dispensations/${id}/reversal`,
      place.token,
      '{"kind":"returned","lines":[{"product":"surgical","quantity":Q}]}',
    ],
    [
      'POST',
      `${stock}-movements`,
      place.token,
      `{"product":"surgical","kind":"delivery","quantity":Q,"occurredAt":"${at}"}`,
    ],
    ['PUT', `${stock}/surgical`, place.token, `{"onHand":Q,"countedAt":"${at}"}`],
    ['POST', '/v1/allocation-rules', world.admin, JSON.stringify(ruleBody({ cap: 77 })).replace('77', 'Q')],
  ]
  for (const [method, path, token, body] of bodies) {
    const wrong = [
      '-1',
      '1.5',
      '1e9',
      '"5"',
      'NaN',
      '2147483648',
      '9007199254740992',
      '1e400',
      'null',
      '[1]',
      '{}',
      'true',
    ]
    if (!path.endsWith('/surgical')) wrong.push('0')
    for (const quantity of wrong) {
      const payload = body.replace('Q', quantity)
      const answer = await call(method as 'POST', path, { token, key: true, body: payload, headers: json })
      t.match(answer, invalid, `${method} ${path} ${quantity}`)
    }
  }
  const { items } = (await call('GET', stock, { token: place.token })).body
  t.match(items[1], { onHand: 9_995, held: 0 })
})

t.test('an unknown field, __proto__ or constructor is 400 and named, at any depth (fault 26)', async (t) => {
  for (const route of writes) {
    for (const field of ['quantitty', '__proto__', 'constructor', 'toString']) {
      const answer = await send(route, withMembers(route, `${JSON.stringify(field)}:{"quantity":1}`))
      t.match(
        answer,
        { status: 400, body: { code: 'invalid_request', detail: new RegExp(field) } },
        `${nameOf(route)} ${field}`,
      )
    }
  }
  for (const inner of ['"lott":"A"', '"__proto__":{"lot":"A"}', '"constructor":{}']) {
    const body = JSON.stringify(dispensationBody(nurse.id, 1)).replace('"product"', `${inner},"product"`)
    const headers = json
    t.match(await call('POST', '/v1/dispensations', { token: place.token, key: true, body, headers }), invalid, inner)
  }
  t.equal(({} as Record<string, unknown>).quantity, undefined, 'no prototype was touched')
})

t.test('of a key given twice the last counts, as is documented (fault 27)', async (t) => {
  const body = `{"onHand":7,"countedAt":"${minutesAgo(0)}","onHand":9000}`
  const path = `/v1/pharmacies/${place.finess}/stock/ffp2`
  const answer = await call('PUT', path, { token: place.token, body, headers: json })
  t.match(answer, { status: 200, body: { onHand: 9_000 } })
})

t.test('a body over 256 KiB is 413, on every route that reads one (fault 28)', async (t) => {
  for (const route of writes) {
    const answer = await send(route, withMembers(route, `"filler":"${'x'.repeat(300 * 1024)}"`))
    t.match(answer, { status: 413, body: { code: 'payload_too_large' } }, nameOf(route))
  }
})

t.test('nesting 10,000 deep is 400 (fault 29)', async (t) => {
  for (const route of writes) {
    for (const deep of [
      `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
      `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    ]) {
      t.match(await send(route, deep), invalid, nameOf(route))
      t.match(await send(route, withMembers(route, `"deep":${deep}`)), invalid, nameOf(route))
    }
  }
})

t.test('bad JSON, lone surrogates, U+0000 and what is not UTF-8 are 400 (fault 30)', async (t) => {
  for (const route of writes) {
    const bad = [
      '{',
      '{"a":1,}',
      "{'a':1}",
      'NaN',
      '{"a":NaN}',
      '{"a":01}',
      '{"a":"\n"}',
      '// x\n{}',
      '\u2028',
      'nul',
      '"x"',
      '[]',
      '1',
    ]
    if (!route.bodyOptional) bad.push('', 'null')
    for (const text of bad) t.match(await send(route, text), invalid, `${nameOf(route)} ${encodeURI(text)}`)
    for (const text of ['"\\ud800"', '"\\udc00x"', '"a\\u0000b"', '{"\\ud800":1}', '["\\u0000"]']) {
      t.match(await send(route, withMembers(route, `"note":${text}`)), invalid, `${nameOf(route)} ${text}`)
    }
    t.match(await send(route, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), invalid, nameOf(route))
    t.match(await send(route, Buffer.from('{}', 'utf16le')), invalid, nameOf(route))
  }
})

t.test('any Content-Type but application/json is 415 (fault 31)', async (t) => {
  for (const route of writes) {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
      'x',
    ]) {
      const answer = await send(route, JSON.stringify(route.body), { 'content-type': type })
      t.match(answer, { status: 415, body: { code: 'unsupported_media_type' } }, `${nameOf(route)} ${type}`)
    }
    const none = await send(route, JSON.stringify(route.body), {})
    t.match(none, { status: 415, body: { code: 'unsupported_media_type' } }, `${nameOf(route)} without one`)
  }
  const utf8 = { 'content-type': 'application/json; charset=utf-8' }
  const count = `{"onHand":9000,"countedAt":"${minutesAgo(0)}"}`
  const path = `/v1/pharmacies/${place.finess}/stock/ffp2`
  t.equal((await call('PUT', path, { token: place.token, body: count, headers: utf8 })).status, 200)
})

t.test('places off the globe and impossible distances are 400 (fault 32)', async (t) => {
  const search = (query: string) => call('GET', `/v1/pharmacies?product=surgical&${query}`, { token: nurse.token })
  for (const query of [
    'near=91,0',
    'near=-90.1,0',
    'near=0,180.1',
    'near=0,-181',
    'near=NaN,0',
    'near=1e1,0',
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

t.test('across the antimeridian and over the poles the nearest is the nearest (fault 32)', async (t) => {
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

t.test('SQL metacharacters in every field are stored as they are (fault 34)', async (t) => {
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
    service.db.orm,
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

t.test('CR LF in headers, ids and parameters is 400, and no line of the log can be forged (fault 35)', async (t) => {
  const forged = 'x\r\n{"level":"info","msg":"forged"}'
  const escaped = encodeURIComponent(forged)
  const body = dispensationBody(nurse.id, 1)
  const { token } = place
  lines.length = 0
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
  t.ok(lines.length >= 15, 'each request has its line')
  for (const line of lines) {
    t.equal(line.indexOf('\n'), line.length - 1)
    t.notMatch(JSON.parse(line), { msg: 'forged' })
  }
})
