import t from 'tap'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
// Two of everything that is listed.
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 100, product))
await world.rule({ cap: 9 })
for (const _ of [1, 2]) {
  must(201, await world.dispense(place, nurse.id, 1))
  must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess }))
}

const lists: [string, string | undefined][] = [
  ['/v1/products', undefined],
  ['/v1/allocation-rules', nurse.token],
  ['/v1/territories', world.regulator],
  [`/v1/pharmacies/${place.finess}/stock-movements`, place.token],
  ['/v1/reservations', nurse.token],
  ['/v1/reservations', place.token],
  ['/v1/dispensations', nurse.token],
  ['/v1/dispensations', place.token],
  ['/v1/dispensations', world.regulator],
  ['/v1/professionals/me/history', nurse.token],
  [`/v1/professionals/${nurse.id}/history`, world.regulator],
]

type Item = Record<string, unknown>

/** Without its voucher, which is signed anew each time that it is shown. */
const unsigned = ({ voucher: _, ...item }: Item) => item

t.test('200: a list is its items and an opaque cursor, which leads on until it is null', async (t) => {
  for (const [path, token] of lists) {
    const whole = must(200, await call('GET', `${path}?limit=100`, { token })).body
    t.strictSame(Object.keys(whole).sort(), ['items', 'nextCursor'], path)
    t.ok(whole.items.length >= 2, `${path} has several`)
    const walked: Item[] = []
    for (let cursor = ''; ; ) {
      const { items, nextCursor } = must(200, await call('GET', `${path}?limit=1${cursor}`, { token })).body
      walked.push(...items)
      if (nextCursor === null || walked.length === 5) break
      t.match(nextCursor, /^[\w-]+$/, 'it needs no escaping')
      cursor = `&cursor=${nextCursor}`
    }
    t.strictSame(walked.map(unsigned), whole.items.slice(0, 5).map(unsigned), path)
  }
})

t.test('200: what arrives meanwhile neither shifts nor repeats a page', async (t) => {
  const path = '/v1/professionals/me/history?limit=1'
  const first = (await call('GET', path, { token: nurse.token })).body
  const before = (await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body.items
  must(201, await world.dispense(place, nurse.id, 1))
  const second = await call('GET', `${path}&cursor=${first.nextCursor}`, { token: nurse.token })
  t.strictSame(second.body.items, [before[1]])
})

t.test('200: the longest list is read whole, 100 at a time', async (t) => {
  const path = '/v1/territories?limit=100'
  const first = must(200, await call('GET', path, { token: world.regulator })).body
  const second = must(200, await call('GET', `${path}&cursor=${first.nextCursor}`, { token: world.regulator })).body
  const codes = [...first.items, ...second.items].map(({ code }) => code)
  t.equal(first.items.length, 100)
  t.equal(second.nextCursor, null)
  t.equal(new Set(codes).size, codes.length)
  for (const code of ['FR', 'FR-OCC', 'FR-31', 'FR-974']) t.ok(codes.includes(code), code)
})

t.test('20 a page if not said', async (t) => {
  t.equal((await call('GET', '/v1/territories', { token: world.regulator })).body.items.length, 20)
})

t.test('400: limits out of 1 to 100, cursors that nobody gave, parameters that there are not', async (t) => {
  const forged = [1, 'x', '0197a000', { id: 1 }, [], null].map((position) =>
    Buffer.from(JSON.stringify(position)).toString('base64url'),
  )
  for (const [path, token] of lists) {
    for (const limit of ['0', '101', '1000000', '1e6', '-1', '1.5', 'x', '']) {
      const answer = await call('GET', `${path}?limit=${limit}`, { token })
      t.match(answer, { status: 400, body: { errors: [{ path: 'limit' }] } }, `${path} limit=${limit}`)
    }
    for (const cursor of ['', 'x', '%27%20or%201=1', 'x'.repeat(301), ...forged]) {
      const answer = await call('GET', `${path}?cursor=${cursor}`, { token })
      // A word is a position in the catalogue, which is ordered by code.
      if (answer.status === 200 && path === '/v1/products' && [forged[1], forged[2]].includes(cursor)) continue
      t.match(answer, { status: 400, body: { errors: [{ path: 'cursor' }] } }, `${path} cursor=${cursor}`)
    }
    for (const unknown of ['offset=1', 'page=2', '__proto__=1', 'constructor=1']) {
      const answer = await call('GET', `${path}?${unknown}`, { token })
      t.match(answer, { status: 400, body: { code: 'invalid_request' } }, `${path} ${unknown}`)
    }
    t.equal((await call('GET', `${path}?limit=1&limit=2`, { token })).status, 400, 'nor twice the same')
  }
})
