import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { finess } from '../../support/numbers.ts'
import { eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo, TIME } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

type Place = Awaited<ReturnType<typeof world.pharmacy>>

const count = (place: Place, onHand: unknown, countedAt: unknown = minutesAgo(0), more: object = {}) =>
  call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, {
    token: place.token,
    body: { onHand, countedAt, ...more },
  })

const move = async (place: Place, kind: string, quantity: number, occurredAt: string) =>
  must(
    201,
    await call('POST', `/v1/pharmacies/${place.finess}/stock-movements`, {
      token: place.token,
      key: true,
      body: { product: 'surgical', kind, quantity, occurredAt },
    }),
  )

const level = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]

const movements = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock-movements`, { token })).body.items

t.test('201: the first count of a product declares it, and the next request reads it', async (t) => {
  const place = await world.pharmacy(1)
  const answer = await count(place, 240)
  t.equal(answer.status, 201)
  t.strictSame(Object.keys(answer.body), ['product', 'onHand', 'held', 'available', 'version', 'observedAt'])
  t.match(answer.body, { product: 'surgical', onHand: 240, held: 0, available: 240, observedAt: TIME })
  t.strictSame(await level(place), answer.body)
  t.strictSame(await eventsOn(db, place.finess), ['stock.declared', 'stock.replenished'])
})

t.test('200: a later count replaces the earlier, down to none', async (t) => {
  const place = await world.pharmacy(2)
  const first = must(201, await count(place, 240)).body
  const second = await count(place, 0)
  t.match(second, { status: 200, body: { onHand: 0, available: 0, version: first.version + 1 } })
  t.match(await movements(place), [
    { kind: 'count', quantity: 240, change: -240 },
    { kind: 'count', quantity: 240, change: 240 },
  ])
  t.strictSame((await eventsOn(db, place.finess)).slice(2), ['stock.declared', 'stock.depleted'])
})

t.test('on hand becomes the count plus the movements that occurred after countedAt', async (t) => {
  const place = await world.pharmacy(3)
  await move(place, 'delivery', 50, minutesAgo(10))
  await move(place, 'loss', 5, minutesAgo(2))
  t.match(await count(place, 100, minutesAgo(5)), { status: 200, body: { onHand: 95, available: 95 } })
  t.match((await movements(place))[0], { kind: 'count', quantity: 50, change: 50 }, 'by a movement of the difference')
  await move(place, 'delivery', 20, minutesAgo(0))
  t.equal((await level(place)).onHand, 115)
})

t.test('an earlier movement that arrives later is recorded with an equal count_absorbed one', async (t) => {
  const place = await world.pharmacy(4)
  must(201, await count(place, 40, minutesAgo(1)))
  await move(place, 'delivery', 30, minutesAgo(10))
  await move(place, 'loss', 7, minutesAgo(9))
  await move(place, 'return_to_supplier', 3, minutesAgo(8))
  t.equal((await level(place)).onHand, 40)
  t.match(await movements(place), [
    { kind: 'count_absorbed', quantity: 3, change: 3 },
    { kind: 'return_to_supplier', quantity: 3, change: -3 },
    { kind: 'count_absorbed', quantity: 7, change: 7 },
    { kind: 'loss', quantity: 7, change: -7 },
    { kind: 'count_absorbed', quantity: 30, change: -30 },
    { kind: 'delivery', quantity: 30, change: 30 },
    { kind: 'count', quantity: 40, change: 40 },
  ])
})

t.test('a hand-over from before the count, recorded after it, is in the count already', async (t) => {
  const place = await world.pharmacy(5)
  const nurse = await world.professional(5)
  must(201, await count(place, 40, minutesAgo(1)))
  must(201, await world.dispense(place, nurse.id, 10, { dispensedAt: minutesAgo(3) }))
  t.equal((await level(place)).onHand, 40)
  must(201, await world.dispense(place, nurse.id, 10))
  t.equal((await level(place)).onHand, 30)
})

t.test('409 stock_count_outdated: a count from before the last one changes nothing', async (t) => {
  const place = await world.pharmacy(6)
  const last = minutesAgo(5)
  must(201, await count(place, 40, last))
  const answer = await count(place, 99, minutesAgo(6))
  t.match(answer, { status: 409, body: { code: 'stock_count_outdated', countedAt: last } })
  t.equal((await level(place)).onHand, 40)
  t.match(await count(place, 41, last), { status: 200, body: { onHand: 41 } }, 'one of the same instant corrects it')
})

t.test('a clock up to 5 minutes ahead is taken, and swallows no hand-over that follows', async (t) => {
  const place = await world.pharmacy(9)
  const nurse = await world.professional(9)
  must(201, await count(place, 40, minutesAgo(-4)))
  must(201, await world.dispense(place, nurse.id, 10))
  t.equal((await level(place)).onHand, 30)
  t.match(await count(place, 25, minutesAgo(-4)), { status: 200, body: { onHand: 25 } })
})

t.test('what came or went by a clock that runs ahead is not counted twice', async (t) => {
  const place = await world.pharmacy(10)
  const nurse = await world.professional(10)
  await move(place, 'delivery', 50, minutesAgo(-4))
  must(201, await world.dispense(place, nurse.id, 10, { dispensedAt: minutesAgo(-4) }))
  t.match(await count(place, 40), { status: 200, body: { onHand: 40 } }, 'both had happened when it was counted')
})

t.test('400: wrong fields are refused by name, and nothing is declared', async (t) => {
  const place = await world.pharmacy(11)
  for (const [answer, path] of [
    [await count(place, -1), 'onHand'],
    [await count(place, 1.5), 'onHand'],
    [await count(place, 1_000_001), 'onHand'],
    [await count(place, '5'), 'onHand'],
    [await count(place, undefined), 'onHand'],
    [await count(place, 5, '2026-11-20T09:30:00'), 'countedAt'],
    [await count(place, 5, 'yesterday'), 'countedAt'],
    [await count(place, 5, minutesAgo(-6)), 'countedAt'],
    [await call('PUT', `/v1/pharmacies/${place.finess}/stock/Surgical`, { token: place.token, body: {} }), 'product'],
    [await call('PUT', '/v1/pharmacies/310000000/stock/surgical', { token: place.token, body: {} }), 'finess'],
  ] as const) {
    t.match(answer, { status: 400, body: { code: 'invalid_request' } }, path)
    t.equal(answer.body.errors[0].path, path)
  }
  t.match(await count(place, 5, minutesAgo(0), { onHnad: 6 }), { status: 400, body: { detail: /onHnad/ } })
  t.equal(await level(place), undefined)
})

t.test('401 without a token; 403 for another pharmacy, a suspended one and every other role', async (t) => {
  const [place, other] = [await world.pharmacy(12), await world.pharmacy(13)]
  const suspended = await world.pharmacy(14, { status: 'suspended' })
  const nurse = await world.professional(12)
  t.match(await count({ ...place, token: '' }, 5), { status: 401, body: { code: 'unauthenticated' } })
  for (const token of [other.token, nurse.token, world.admin, world.regulator]) {
    t.match(await count({ ...place, token }, 5), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await count(suspended, 5), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.equal(await level(place), undefined)
})

t.test('404: a product that is not in the catalogue, a pharmacy that is not in the directory', async (t) => {
  const place = await world.pharmacy(15)
  const body = { onHand: 1, countedAt: minutesAgo(0) }
  const unknown = await call('PUT', `/v1/pharmacies/${place.finess}/stock/unknown`, { token: place.token, body })
  t.match(unknown, { status: 404, body: { code: 'not_found' } })
  const nowhere = finess(999)
  const token = await service.token({ role: 'pharmacy', subject: 'till', finess: [nowhere] })
  t.match(await count({ finess: nowhere, token }, 5), { status: 404, body: { code: 'not_found' } })
})

t.test('X-Operator is kept with the movement', async (t) => {
  const place = await world.pharmacy(16)
  const answer = await call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, {
    token: place.token,
    body: { onHand: 5, countedAt: minutesAgo(0) },
    headers: { 'x-operator': 'op-7' },
  })
  t.equal(answer.status, 201)
  const kept = await rows(db, 'operators', sql`select operator from stock_movements where pharmacy = ${place.finess}`)
  t.strictSame(kept, [{ operator: 'op-7' }])
})

t.test('a count keeps what every write promises', async (t) => {
  const place = await world.pharmacy(17)
  const path = `/v1/pharmacies/${place.finess}/stock/surgical`
  const body = { onHand: 5, countedAt: minutesAgo(1) }
  await testWrite(t, service, {
    caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
    method: 'PUT',
    path,
    body,
    other: { path, body: { ...body, onHand: 6 } },
    status: 201,
  })
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
