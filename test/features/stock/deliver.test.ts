import t from 'tap'
import { onServerOnly } from '../../support/database.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { letExpire } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { superuser } from '../../support/superuser.ts'
import { minutesAgo, TIME, UUID_V7 } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const GTIN = '03401060011444'
const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)
const packs = [{ gtin: GTIN, unitsPerBox: 50 }]
const put = (code: string, more: object) =>
  call('PUT', `/v1/products/${code}`, {
    token: world.admin,
    body: { name: code, kind: 'mask', packs: [], active: true, ...more },
  })
must(200, await put('surgical', { packs }))

/** A number of twelve digits with its GS1 check digit. */
function gtinOf(digits: number): string {
  const sum = [...String(digits)].reduce((total, digit, nth) => total + Number(digit) * (nth % 2 === 0 ? 1 : 3), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

type Place = Awaited<ReturnType<typeof world.pharmacy>>
const surgical = (quantity: number) => ({ product: 'surgical', quantity })
const note = (lines: object[], more: object = {}) => ({ reference: 'BL 1', occurredAt: minutesAgo(0), lines, ...more })
const deliver = ({ finess, token }: Place, body: object) =>
  call('POST', `/v1/pharmacies/${finess}/deliveries`, { token, key: true, body })
const stock = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items
const movements = async ({ finess, token }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock-movements`, { token })).body.items

t.test(
  '201: each line is a movement, in their order, with the stock after it; several may be of one product',
  async (t) => {
    const place = await world.pharmacy(1)
    const [old, nurse] = [minutesAgo(3), await world.professional(1)]
    must(201, await world.count(place, 10))
    const held = must(201, await world.reserve(nurse.token, { quantity: 4, pharmacy: place.finess })).body
    await letExpire(db, held.id)
    const lines = [
      { scan: `]d201${GTIN}1728020010LOT42` },
      { product: 'ffp2', quantity: 20, lot: 'F', bestBefore: '2027-06-30' },
      { gtin: GTIN, boxes: 2 },
    ]
    const { body } = must(201, await deliver(place, note(lines, { reference: 'BL 2026/117', counterparty: 'OCP' })))
    t.match(body, { reference: 'BL 2026/117', counterparty: 'OCP', id: UUID_V7, occurredAt: TIME })
    t.notOk('warnings' in body)
    t.equal(body.id, body.movements[0].id)
    const shared = {
      pharmacy: place.finess,
      kind: 'delivery',
      reference: 'BL 2026/117',
      counterparty: 'OCP',
      dispensation: null,
    }
    for (const [nth, [product, quantity, lot, bestBefore, onHand]] of (
      [
        ['surgical', 50, 'LOT42', '2028-02-29', 60],
        ['ffp2', 20, 'F', '2027-06-30', 20],
        ['surgical', 100, null, null, 160],
      ] as const
    ).entries()) {
      const { stock: after, id, occurredAt: _, recordedAt: __, ...movement } = body.movements[nth]
      t.match(id, UUID_V7)
      t.strictSame(movement, { ...shared, product, quantity, change: quantity, lot, bestBefore })
      t.match(after, { product, onHand, held: 0, available: onHand })
    }
    t.strictSame(
      (await movements(place)).slice(0, 3).reverse(),
      body.movements.map(({ stock: _, ...movement }: { stock: object }) => movement),
    )
    t.match(await stock(place), [
      { product: 'ffp2', onHand: 20 },
      { product: 'surgical', onHand: 160, held: 0, available: 160 },
    ])
    must(200, await world.count(place, 100))
    const late = must(201, await deliver(place, note([surgical(5), surgical(6)], { occurredAt: old }))).body
    t.match(
      late.movements,
      [
        { change: 5, stock: { onHand: 100 } },
        { change: 6, stock: { onHand: 100 } },
      ],
      'the count saw it',
    )
  },
)

t.test('all lines or none: one that cannot come in leaves nothing behind, not even an empty shelf', async (t) => {
  const place = await world.pharmacy(2)
  must(201, await put('gone', { active: false }))
  t.match(await deliver(place, note([surgical(5), { product: 'gone', quantity: 1 }])), {
    status: 409,
    body: { code: 'product_inactive', product: 'gone' },
  })
  for (const [body, path] of [
    [note([surgical(5), { product: 'unknown', quantity: 1 }]), 'lines[1].product'],
    [note([surgical(5), surgical(0)]), 'lines[1].quantity'],
    [note([surgical(5), { gtin: GTIN }]), 'lines[1].boxes'],
    [note([]), 'lines'],
    [note(Array.from({ length: 101 }, () => surgical(1))), 'lines'],
    [note([surgical(5)], { reference: undefined }), 'reference'],
    [note([surgical(5)], { reference: '' }), 'reference'],
    [note([surgical(5)], { counterparty: place.finess }), 'counterparty'],
    [note([surgical(5)], { occurredAt: minutesAgo(-6) }), 'occurredAt'],
    [note([{ ...surgical(5), bestBefore: '2026-02-30' }]), 'lines[0].bestBefore'],
  ] as const) {
    t.match(await deliver(place, body), { status: 400, body: { errors: [{ path }] } }, path)
  }
  t.strictSame(await stock(place), [])
  t.strictSame(await movements(place), [])
})

t.test('a delivery note that comes twice is recorded twice, and the second answer names the first', async (t) => {
  const [place, other] = [await world.pharmacy(3), await world.pharmacy(4)]
  const first = must(201, await deliver(place, note([surgical(5), surgical(6)], { counterparty: 'OCP' }))).body
  const again = must(201, await deliver(place, note([surgical(5)], { counterparty: 'OCP' }))).body
  const warning = { code: 'reference_repeated', id: first.id, occurredAt: first.occurredAt }
  t.strictSame(again.warnings, [warning])
  t.match(await stock(place), [{ onHand: 16 }])
  for (const [to, more] of [
    [place, { counterparty: 'Alliance' }],
    [place, {}],
    [place, { counterparty: 'OCP', reference: 'BL 2' }],
    [other, { counterparty: 'OCP' }],
  ] as const) {
    t.notOk('warnings' in must(201, await deliver(to, note([surgical(1)], more))).body, JSON.stringify(more))
  }
  const third = must(201, await deliver(place, note([surgical(1)], { counterparty: 'OCP' }))).body
  t.match(third.warnings, [{ id: again.id }], 'the last one before')
  const { run, end } = await superuser(service)
  await run(`update stock_movements set recorded_at = recorded_at - interval '31 days' where counterparty = 'OCP'`)
  await end()
  t.notOk(
    'warnings' in must(201, await deliver(place, note([surgical(1)], { counterparty: 'OCP' }))).body,
    'a month later',
  )
})

t.test('of the same note from two tills at once, one is told of the other', { skip: onServerOnly }, async (t) => {
  const place = await world.pharmacy(5)
  must(201, await world.count(place, 1))
  const both = await Promise.all([1, 2].map(() => deliver(place, note([surgical(5)]))))
  const warned = both.map((answer) => 'warnings' in must(201, answer).body)
  t.strictSame(warned.sort(), [false, true])
})

t.test('a delivery keeps what every write promises, and a retry is answered to the byte', async (t) => {
  const place = await world.pharmacy(6)
  const path = `/v1/pharmacies/${place.finess}/deliveries`
  const body = note([surgical(5), { gtin: GTIN, boxes: 1 }])
  must(201, await deliver(place, body))
  const send = (key: string) => {
    const headers = { authorization: `Bearer ${place.token}`, 'idempotency-key': key }
    return service.app.inject({ method: 'POST', url: path, headers, payload: body })
  }
  const key = seededUuid()
  const first = await send(key)
  must(200, await world.count(place, 1))
  t.equal((await send(key)).payload, first.payload)
  t.match(first.json().warnings, [{ code: 'reference_repeated' }], 'with its warning')
  const caller = { role: 'pharmacy' as const, subject: 'till', finess: [place.finess] }
  const other = { path, body: { ...body, reference: 'BL 2' } }
  await testWrite(t, service, { caller, method: 'POST', path, body, other, status: 201 })
})

t.test('a day by scan: counts, a delivery and walk-ins leave what a till adds up to itself', async (t) => {
  const place = await world.pharmacy(7)
  const shelves = new Map<string, { gtin: string; onHand: number }>()
  for (let n = 0; n < 12; n++) {
    const [code, gtin] = [`mask-${n}`, gtinOf(200_000_000_000 + n)]
    must(201, await put(code, { packs: [{ gtin, unitsPerBox: 50 }] }))
    shelves.set(code, { gtin, onHand: n * 50 + 7 })
    const body = { scan: `]d2010${gtin}`, onHandBoxes: n, onHand: 7, countedAt: minutesAgo(1) }
    must(201, await call('PUT', `/v1/pharmacies/${place.finess}/stock/${code}`, { token: place.token, body }))
  }
  const scanned = [...shelves.values()]
  const lines = scanned.slice(0, 8).map(({ gtin }, n) => ({ scan: `010${gtin}1728020010L${n}`, boxes: n + 1 }))
  must(201, await deliver(place, note(lines)))
  for (const [n, shelf] of scanned.slice(0, 8).entries()) shelf.onHand += (n + 1) * 50
  await world.rule({ cap: 1_000, products: [...shelves.keys()] })
  for (let n = 0; n < 6; n++) {
    const shelf = scanned[2 + (n % 3)]
    if (!shelf) throw new Error('no such shelf')
    const nurse = await world.professional(100 + n)
    const handed = { lines: [{ scan: `(01)0${shelf.gtin}(10)L${n}` }] }
    must(201, await world.dispense(place, nurse.id, 0, handed))
    shelf.onHand -= 50
  }
  const levels = new Map(
    (await stock(place)).map((each: { product: string; onHand: number }) => [each.product, each.onHand]),
  )
  for (const [code, { onHand }] of shelves) t.equal(levels.get(code), onHand, code)
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
