import t from 'tap'
import { callers, type Route, routesOf } from '../support/routes.ts'
import { startService } from '../support/service.ts'
import { minutesAgo } from '../support/times.ts'
import { dispensationBody, makeWorld, must, ruleBody } from '../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))

const json = { 'content-type': 'application/json' }
const writes = routesOf(service.app).filter(({ body }) => body !== undefined)
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

t.test('a quantity that is no whole number from 1 to 1,000,000 is 400', async (t) => {
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

t.test('an unknown field, __proto__ or constructor is 400 and named, at any depth', async (t) => {
  for (const route of writes) {
    for (const field of ['quantitty', '__proto__', 'constructor', 'toString']) {
      const answer = await send(route, withMembers(route, `${JSON.stringify(field)}:{"quantity":1}`))
      t.match(
        answer,
        { status: 400, body: { code: 'invalid_request', detail: new RegExp(field) } },
        `${route.name} ${field}`,
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

t.test('of a key given twice the last counts, as is documented', async (t) => {
  const body = `{"onHand":7,"countedAt":"${minutesAgo(0)}","onHand":9000}`
  const path = `/v1/pharmacies/${place.finess}/stock/ffp2`
  const answer = await call('PUT', path, { token: place.token, body, headers: json })
  t.match(answer, { status: 200, body: { onHand: 9_000 } })
})

t.test('a body of 300 kB is 413 on every route that reads one, and of 1.1 MB for 500 items', async (t) => {
  for (const route of writes) {
    const size = route.name.endsWith('/offline-batches') ? 1_100 : 300
    const answer = await send(route, withMembers(route, `"filler":"${'x'.repeat(size * 1024)}"`))
    t.match(answer, { status: 413, body: { code: 'payload_too_large' } }, route.name)
  }
})

t.test('nesting 2,000 deep is 400', async (t) => {
  for (const route of writes) {
    for (const deep of [`${'['.repeat(2_000)}${']'.repeat(2_000)}`, `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`]) {
      t.match(await send(route, deep), invalid, route.name)
      t.match(await send(route, withMembers(route, `"deep":${deep}`)), invalid, route.name)
    }
  }
})

t.test('bad JSON, lone surrogates, U+0000 and what is not UTF-8 are 400', async (t) => {
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
    for (const text of bad) t.match(await send(route, text), invalid, `${route.name} ${encodeURI(text)}`)
    for (const text of ['"\\ud800"', '"\\udc00x"', '"a\\u0000b"', '{"\\ud800":1}', '["\\u0000"]']) {
      t.match(await send(route, withMembers(route, `"note":${text}`)), invalid, `${route.name} ${text}`)
    }
    t.match(await send(route, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), invalid, route.name)
    t.match(await send(route, Buffer.from('{}', 'utf16le')), invalid, route.name)
  }
})

t.test('any Content-Type but application/json is 415', async (t) => {
  for (const route of writes) {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
      'x',
    ]) {
      const answer = await send(route, JSON.stringify(route.body), { 'content-type': type })
      t.match(answer, { status: 415, body: { code: 'unsupported_media_type' } }, `${route.name} ${type}`)
    }
    const none = await send(route, JSON.stringify(route.body), {})
    t.match(none, { status: 415, body: { code: 'unsupported_media_type' } }, `${route.name} without one`)
  }
  const utf8 = { 'content-type': 'application/json; charset=utf-8' }
  const count = `{"onHand":9000,"countedAt":"${minutesAgo(0)}"}`
  const path = `/v1/pharmacies/${place.finess}/stock/ffp2`
  t.equal((await call('PUT', path, { token: place.token, body: count, headers: utf8 })).status, 200)
})
