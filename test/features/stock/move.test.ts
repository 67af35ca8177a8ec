import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { finess } from '../../support/numbers.ts'
import { daysKept, eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo, TIME, UUID_V7 } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const elsewhere = finess(500)

type Place = Awaited<ReturnType<typeof world.pharmacy>>

const move = (place: Place, kind: string, quantity: unknown, more: object = {}) =>
  call('POST', `/v1/pharmacies/${place.finess}/stock-movements`, {
    token: place.token,
    key: true,
    body: { product: 'surgical', kind, quantity, occurredAt: minutesAgo(0), ...more },
  })

const level = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]

/** A pharmacy with masks counted a minute ago, so that what happens now comes after the count. */
async function stocked(n: number, onHand: number): Promise<Place> {
  const place = await world.pharmacy(n)
  const body = { onHand, countedAt: minutesAgo(1) }
  must(201, await call('PUT', `/v1/pharmacies/${place.finess}/stock/surgical`, { token: place.token, body }))
  return place
}

t.test('201: each kind moves the stock its way, and answers what it did with the new level', async (t) => {
  const place = await world.pharmacy(1)
  const occurredAt = minutesAgo(3)
  const details = { reference: 'BL 2026/117', lot: 'L-42', bestBefore: '2028-02-29' }
  const delivery = await move(place, 'delivery', 100, { occurredAt, ...details })
  t.equal(delivery.status, 201)
  t.match(delivery.body.id, UUID_V7)
  t.match(delivery.body.recordedAt, TIME)
  const { stock, id: _, recordedAt: __, ...answered } = delivery.body
  t.strictSame(answered, {
    pharmacy: place.finess,
    product: 'surgical',
    kind: 'delivery',
    quantity: 100,
    change: 100,
    occurredAt,
    counterparty: null,
    dispensation: null,
    ...details,
  })
  t.match(stock, { product: 'surgical', onHand: 100, held: 0, available: 100, observedAt: TIME })

  for (const [kind, quantity, onHand, more] of [
    ['loss', 5, 95, {}],
    ['return_to_supplier', 10, 85, {}],
    ['transfer_in', 20, 105, { counterparty: elsewhere }],
    ['transfer_out', 30, 75, { counterparty: elsewhere }],
  ] as const) {
    const { status, body } = await move(place, kind, quantity, more)
    t.match({ status, onHand: body.stock.onHand }, { status: 201, onHand }, kind)
    t.equal(body.counterparty, 'counterparty' in more ? elsewhere : null)
  }
  t.equal((await level(place)).onHand, 75)
})

t.test('201: an hour with an offset is the same instant, and a clock may run 5 minutes ahead', async (t) => {
  const place = await world.pharmacy(2)
  const answer = await move(place, 'delivery', 1, { occurredAt: '2026-11-20T10:30:00+01:00' })
  t.match(answer, { status: 201, body: { occurredAt: '2026-11-20T09:30:00.000Z' } })
  t.equal((await move(place, 'delivery', 1, { occurredAt: minutesAgo(-4) })).status, 201)
})

t.test('409 stock_insufficient: returns and transfers take no more than what is available', async (t) => {
  const place = await stocked(3, 20)
  const nurse = await world.professional(3)
  must(201, await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess }))
  for (const [kind, more] of [
    ['return_to_supplier', {}],
    ['transfer_out', { counterparty: elsewhere }],
  ] as const) {
    t.match(await move(place, kind, 6, more), { status: 409, body: { code: 'stock_insufficient', available: 5 } })
  }
  t.match(await level(place), { onHand: 20, held: 15 }, 'nothing was done')
  t.match(await move(place, 'return_to_supplier', 5), { status: 201, body: { stock: { onHand: 15, available: 0 } } })
})

t.test('a refused movement leaves no empty shelf behind: the first count is still a new one', async (t) => {
  const place = await world.pharmacy(20)
  for (const kind of ['return_to_supplier', 'transfer_out']) {
    const counterparty = kind === 'transfer_out' ? { counterparty: elsewhere } : {}
    t.match(await move(place, kind, 1, counterparty), {
      status: 409,
      body: { code: 'stock_insufficient', available: 0 },
    })
  }
  t.equal(await level(place), undefined)
  t.equal((await world.count(place, 5)).status, 201)
})

t.test('the first masks and the last are told of', async (t) => {
  const place = await world.pharmacy(5)
  must(201, await move(place, 'delivery', 10))
  must(201, await move(place, 'delivery', 10))
  must(201, await move(place, 'loss', 20))
  t.strictSame(await eventsOn(db, place.finess), ['stock.replenished', 'stock.depleted'])
})

t.test('409 product_inactive: of what is no longer distributed nothing comes in, but it may leave', async (t) => {
  const [place, without] = [await stocked(6, 20), await world.pharmacy(21)]
  const product = (active: boolean) =>
    call('PUT', '/v1/products/surgical', {
      token: world.admin,
      body: { name: 'Masque', kind: 'mask', packs: [], active },
    })
  must(200, await product(false))
  for (const each of [place, without]) {
    t.match(await move(each, 'delivery', 1), { status: 409, body: { code: 'product_inactive' } })
  }
  t.equal(await level(without), undefined, 'no empty shelf is left behind')
  t.equal((await move(place, 'return_to_supplier', 20)).status, 201)
  must(200, await product(true))
})

t.test('400: wrong fields are refused by name, and nothing moves', async (t) => {
  const place = await stocked(7, 20)
  for (const [answer, path] of [
    ...(await Promise.all(
      [0, -1, 1.5, 1_000_001, '5', null].map(async (quantity) => [await move(place, 'delivery', quantity), 'quantity']),
    )),
    [await move(place, 'correction', 1), 'kind'],
    [await move(place, 'count', 1), 'kind'],
    [await move(place, 'transfer_in', 1), 'counterparty'],
    [await move(place, 'transfer_out', 1, { counterparty: '310000000' }), 'counterparty'],
    [await move(place, 'transfer_out', 1, { counterparty: place.finess }), 'counterparty'],
    [await move(place, 'loss', 1, { counterparty: elsewhere }), 'counterparty'],
    [await move(place, 'delivery', 1, { occurredAt: minutesAgo(-6) }), 'occurredAt'],
    [await move(place, 'delivery', 1, { occurredAt: '2026-02-30T00:00:00Z' }), 'occurredAt'],
    [await move(place, 'delivery', 1, { bestBefore: '2026-02-30' }), 'bestBefore'],
    [await move(place, 'delivery', 1, { lot: '' }), 'lot'],
    [await move(place, 'delivery', 1, { reference: 'two\nlines' }), 'reference'],
    [await move(place, 'delivery', 1, { product: 'unknown' }), 'product'],
  ] as const) {
    t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path }] } }, String(path))
  }
  t.match(await move(place, 'delivery', 1, { best_before: '' }), { status: 400, body: { detail: /best_before/ } })
  t.equal((await level(place)).onHand, 20)
})

t.test('400 idempotency_key_missing: a movement that could happen twice has a key', async (t) => {
  const place = await stocked(8, 20)
  const answer = await call('POST', `/v1/pharmacies/${place.finess}/stock-movements`, {
    token: place.token,
    body: { product: 'surgical', kind: 'loss', quantity: 1, occurredAt: minutesAgo(0) },
  })
  t.match(answer, { status: 400, body: { code: 'idempotency_key_missing', errors: [{ path: 'Idempotency-Key' }] } })
})

t.test('401 without a token; 403 for another pharmacy, a suspended one and every other role', async (t) => {
  const [place, other] = [await stocked(9, 20), await world.pharmacy(10)]
  const suspended = await world.pharmacy(11, { status: 'suspended' })
  const nurse = await world.professional(9)
  t.match(await move({ ...place, token: '' }, 'loss', 5), { status: 401, body: { code: 'unauthenticated' } })
  for (const token of [other.token, nurse.token, world.admin, world.regulator]) {
    t.match(await move({ ...place, token }, 'loss', 5), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await move(suspended, 'loss', 5), { status: 403, body: { code: 'pharmacy_suspended' } })
  t.equal((await level(place)).onHand, 20)
})

t.test('404: a pharmacy that is not in the directory', async (t) => {
  const token = await service.token({ role: 'pharmacy', subject: 'till', finess: [elsewhere] })
  t.match(await move({ finess: elsewhere, token }, 'delivery', 5), { status: 404, body: { code: 'not_found' } })
})

t.test('a movement keeps what every write promises, and its key as long as itself', async (t) => {
  const place = await stocked(12, 20)
  const path = `/v1/pharmacies/${place.finess}/stock-movements`
  const body = { product: 'surgical', kind: 'loss', quantity: 5, occurredAt: minutesAgo(0) }
  await testWrite(t, service, {
    caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
    method: 'POST',
    path,
    body,
    other: { path, body: { ...body, quantity: 6 } },
    status: 201,
  })
  t.equal((await level(place)).onHand, 15, 'the same key had one effect')
  t.strictSame(await daysKept(db, 'once'), [null])
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
