import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { startService } from '../../support/service.ts'
import { minutesAgo } from '../../support/times.ts'
import { makeWorld, must } from '../../support/world.ts'

const GS = '\u001d'
const SURGICAL = '3401060011444'
const LOOSE = '96385074'
const VARYING = '93401060011447'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 1_000_000)
const place = await world.pharmacy(1)
const nurse = await world.professional(1)
const packs = [
  { gtin: SURGICAL, unitsPerBox: 50, cip13: '3400935955838' },
  { gtin: LOOSE, unitsPerBox: 10 },
  { gtin: VARYING, unitsPerBox: 40 },
]
const product = (code: string, more: object) => ({
  token: world.admin,
  body: { name: code, kind: 'mask', active: true, packs: [], ...more },
})
must(200, await call('PUT', '/v1/products/surgical', product('surgical', { packs })))
must(
  200,
  await call('PUT', '/v1/products/ffp2', product('ffp2', { packs: [{ gtin: '036000291452', unitsPerBox: 20 }] })),
)
must(201, await world.count(place, 100_000))
must(201, await world.count(place, 100_000, 'ffp2'))

const base = `/v1/pharmacies/${place.finess}`
const post = (path: string, body: object, token = place.token) => call('POST', path, { token, key: true, body })
const deliver = (masks: object) =>
  post(`${base}/stock-movements`, { kind: 'delivery', occurredAt: minutesAgo(0), ...masks })
const handOver = (...lines: object[]) => ({ professional: nurse.id, identityCheck: { method: 'cps_card' }, lines })
const count = (body: object, code = 'surgical') =>
  call('PUT', `${base}/stock/${code}`, { token: place.token, body: { countedAt: minutesAgo(0), ...body } })

t.test(
  'a movement says masks by product, by pack and boxes, or by a scan, and is answered in single masks',
  async (t) => {
    for (const [masks, quantity, printed] of [
      [{ product: 'surgical', quantity: 7 }, 7, {}],
      [{ gtin: SURGICAL, boxes: 3 }, 150, {}],
      [
        { gtin: `0${SURGICAL}`, boxes: 1, lot: 'L1', bestBefore: '2028-02-29' },
        50,
        { lot: 'L1', bestBefore: '2028-02-29' },
      ],
      [{ gtin: '3400935955838', boxes: 1 }, 50, {}],
      [{ gtin: LOOSE, boxes: 2 }, 20, {}],
      [{ scan: SURGICAL }, 50, {}],
      [{ scan: `]E0${SURGICAL}`, boxes: 4 }, 200, {}],
      [{ scan: `]d2010${SURGICAL}1728020010LOT42` }, 50, { lot: 'LOT42', bestBefore: '2028-02-29' }],
      [{ scan: `010${SURGICAL}10LOT42${GS}172802003012` }, 600, { lot: 'LOT42', bestBefore: '2028-02-29' }],
      [{ scan: `(01)0${SURGICAL}(30)50` }, 50, {}],
      [{ scan: `01${VARYING}3018` }, 18, {}],
      [
        { scan: `(01)0${SURGICAL}`, lot: 'BY HAND', bestBefore: '2027-01-31' },
        50,
        { lot: 'BY HAND', bestBefore: '2027-01-31' },
      ],
      [{ scan: `(01)0${SURGICAL}(10)SAME`, lot: 'SAME' }, 50, { lot: 'SAME' }],
    ] as const) {
      const { body } = must(201, await deliver(masks))
      const { product: answered, quantity: single, lot, bestBefore } = body
      const expected = { product: 'surgical', quantity, lot: null, bestBefore: null, ...printed }
      t.strictSame({ product: answered, quantity: single, lot, bestBefore }, expected, JSON.stringify(masks))
    }
    t.match(await deliver({ gtin: '0036000291452', boxes: 2 }), {
      status: 201,
      body: { product: 'ffp2', quantity: 40 },
    })
  },
)

t.test('400: masks are said in exactly one way, and the fields that are too many or missing are named', async (t) => {
  for (const [masks, paths] of [
    [{}, ['product', 'quantity']],
    [{ product: 'surgical' }, ['quantity']],
    [{ quantity: 5 }, ['product']],
    [{ gtin: SURGICAL }, ['boxes']],
    [{ boxes: 5 }, ['gtin']],
    [{ product: 'surgical', quantity: 5, boxes: 1 }, ['boxes']],
    [{ product: 'surgical', quantity: 5, gtin: SURGICAL, boxes: 1 }, ['gtin', 'boxes']],
    [{ product: 'surgical', quantity: 5, scan: SURGICAL }, ['scan']],
    [{ gtin: SURGICAL, boxes: 1, scan: SURGICAL }, ['scan']],
    [{ scan: SURGICAL, quantity: 5 }, ['quantity']],
    [{ scan: SURGICAL, product: 'surgical' }, ['product']],
    [{ gtin: '3401060011445', boxes: 1 }, ['gtin']],
    [{ gtin: '34010600114', boxes: 1 }, ['gtin']],
    [{ gtin: SURGICAL, boxes: 0 }, ['boxes']],
    [{ gtin: SURGICAL, boxes: 20_001 }, ['boxes']],
    [{ scan: `(01)0${SURGICAL}(30)20001` }, ['scan']],
    [{ scan: SURGICAL, boxes: 20_001 }, ['boxes']],
    [{ scan: 'hello' }, ['scan']],
    [{ scan: '3401060011445' }, ['scan']],
    [{ scan: `010${SURGICAL}17271331` }, ['scan']],
    [{ scan: `010${SURGICAL}17990101` }, ['scan']],
    [{ scan: `010${SURGICAL}10A`, lot: 'B' }, ['lot']],
    [{ scan: `010${SURGICAL}17271231`, bestBefore: '2027-12-30' }, ['bestBefore']],
  ] as const) {
    const { status, body } = await deliver(masks)
    t.equal(status, 400, JSON.stringify(masks))
    t.strictSame(
      body.errors?.map(({ path }: { path: string }) => path),
      paths,
      JSON.stringify(body.errors),
    )
  }
  t.match(await deliver({ gtin: SURGICAL, boxes: 20_000 }), { status: 201, body: { quantity: 1_000_000 } })
})

t.test('409 product_unknown: a pack that the catalogue lacks, on every route that takes one', async (t) => {
  const unknown = { gtin: '4006381333931', boxes: 1 }
  const given = must(201, await world.dispense(place, nurse.id, 1)).body
  for (const answer of [
    await deliver(unknown),
    await deliver({ scan: '4006381333931' }),
    await post(`${base}/deliveries`, {
      reference: 'BL',
      occurredAt: minutesAgo(0),
      lines: [{ gtin: SURGICAL, boxes: 1 }, unknown],
    }),
    await count({ gtin: unknown.gtin, onHandBoxes: 1 }),
    await post('/v1/dispensations', handOver(unknown)),
    await call('POST', '/v1/dispensation-checks', { token: place.token, body: handOver(unknown) }),
    await post(`/v1/dispensations/${given.id}/reversal`, { kind: 'returned', lines: [unknown] }),
    await post('/v1/reservations', unknown, nurse.token),
  ]) {
    t.match(answer, { status: 409, body: { code: 'product_unknown' } })
  }
})

t.test('a count is of boxes and loose masks, by GTIN or scan, of the product that the path names', async (t) => {
  for (const [body, onHand] of [
    [{ gtin: SURGICAL, onHandBoxes: 3, onHand: 7 }, 157],
    [{ gtin: SURGICAL, onHandBoxes: 0 }, 0],
    [{ scan: `]d2010${SURGICAL}1728020010LOT42`, onHandBoxes: 4 }, 200],
    [{ scan: SURGICAL, onHandBoxes: 4, onHand: 49 }, 249],
    [{ scan: SURGICAL }, 50],
    [{ scan: `(01)0${SURGICAL}(30)12` }, 600],
    [{ onHand: 100_000 }, 100_000],
  ] as const) {
    t.match(await count(body), { status: 200, body: { product: 'surgical', onHand } }, JSON.stringify(body))
  }
  for (const [body, path] of [
    [{}, 'onHand'],
    [{ gtin: SURGICAL, onHand: 7 }, 'onHandBoxes'],
    [{ scan: SURGICAL, onHand: 7 }, 'onHandBoxes'],
    [{ onHand: 7, onHandBoxes: 1 }, 'gtin'],
    [{ gtin: SURGICAL, onHandBoxes: 1, scan: SURGICAL }, 'scan'],
    [{ gtin: SURGICAL, onHandBoxes: 20_000, onHand: 1 }, 'onHandBoxes'],
    [{ gtin: '036000291452', onHandBoxes: 1 }, 'gtin'],
    [{ scan: '036000291452' }, 'scan'],
  ] as const) {
    t.match(await count(body), { status: 400, body: { errors: [{ path }] } }, JSON.stringify(body))
  }
})

t.test('a hand-over, its check, a reservation and a reversal take what a movement takes', async (t) => {
  const scanned = { scan: `]d2010${SURGICAL}17280200213SERIAL${GS}10LOT42` }
  const lines = [
    scanned,
    { gtin: '036000291452', boxes: 2, lot: 'F', bestBefore: '2027-06-30' },
    { product: 'surgical', quantity: 5 },
  ]
  const checked = must(
    200,
    await call('POST', '/v1/dispensation-checks', { token: place.token, body: handOver(...lines) }),
  )
  t.match(checked.body, { decision: 'allow' })
  const { body } = must(201, await post('/v1/dispensations', handOver(...lines)))
  const saidOf = ({ decision: _, ...line }: { decision: object }) => line
  t.strictSame(body.lines.map(saidOf), [
    { product: 'surgical', quantity: 50, lot: 'LOT42', bestBefore: '2028-02-29' },
    { product: 'ffp2', quantity: 40, lot: 'F', bestBefore: '2027-06-30' },
    { product: 'surgical', quantity: 5 },
  ])
  const again = await call('GET', `/v1/dispensations/${body.id}`, { token: place.token })
  t.strictSame(again.body.lines, body.lines, 'and the entry keeps it')
  const { items } = (await call('GET', '/v1/professionals/me/history', { token: nurse.token })).body
  t.strictSame(items.find(({ id }: { id: string }) => id === body.id).lines, body.lines)
  const back = must(201, await post(`/v1/dispensations/${body.id}/reversal`, { kind: 'returned', lines: [scanned] }))
  t.match(back.body.lines, [{ product: 'surgical', quantity: 50, lot: 'LOT42' }])
  const reserved = await post('/v1/reservations', { gtin: LOOSE, boxes: 2, pharmacy: place.finess }, nurse.token)
  t.match(must(201, reserved).body, { product: 'surgical', quantity: 20 })
  t.match(await post('/v1/dispensations', handOver({ product: 'surgical', quantity: 1 }, { gtin: SURGICAL })), {
    status: 400,
    body: { errors: [{ path: 'lines[1].boxes' }] },
  })
})

t.test(
  'a retry by scan is answered as before, whatever has become of the pack, and is compared as it was sent',
  async (t) => {
    const send = (key: string, masks: object) =>
      service.app.inject({
        method: 'POST',
        url: '/v1/dispensations',
        headers: { authorization: `Bearer ${place.token}`, 'idempotency-key': key },
        payload: handOver(masks),
      })
    const scan = `010${SURGICAL}1728020010LOT42`
    const first = await send('scanned', { scan })
    t.equal(first.statusCode, 201)
    const changed = packs.map((pack) => ({ ...pack, unitsPerBox: 25 }))
    must(200, await call('PUT', '/v1/products/surgical', product('surgical', { packs: changed })))
    t.equal((await send('scanned', { scan })).payload, first.payload)
    t.match(await send('scanned', { scan: `]d2${scan}` }), { statusCode: 422 }, 'another text is another request')
    t.match(await deliver({ scan }), { status: 201, body: { quantity: 25 } }, 'what changed counts at once')
    must(200, await call('PUT', '/v1/products/surgical', product('surgical', { packs: [] })))
    t.equal((await send('scanned', { scan })).payload, first.payload)
    t.match(await deliver({ scan }), { status: 409, body: { code: 'product_unknown' } }, 'and so does what is gone')
    must(200, await call('PUT', '/v1/products/surgical', product('surgical', { packs })))
    t.match(await deliver({ scan }), { status: 201, body: { quantity: 50 } })
  },
)

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
