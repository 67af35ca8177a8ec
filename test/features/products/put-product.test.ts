import t from 'tap'
import { startService } from '../../support/service.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const admin = await service.token({ role: 'admin', subject: 'admin' })

const surgical = {
  name: 'Masque chirurgical type II',
  kind: 'surgical',
  packs: [
    { gtin: '3401060011444', unitsPerBox: 50 },
    { gtin: '96385074', unitsPerBox: 10 },
  ],
  active: true,
}

/** The same packs as answers show them, with GTINs of 14 digits. */
const shown = (product: typeof surgical) => ({
  ...product,
  packs: product.packs.map((pack) => ({ ...pack, gtin: pack.gtin.padStart(14, '0') })),
})

const put = (code: string, body: object, token = admin) => service.call('PUT', `/v1/products/${code}`, { token, body })

t.test('201: a new product answers as it was put in, its packs in their order', async (t) => {
  const answer = await put('surgical', surgical)
  t.equal(answer.status, 201)
  t.strictSame(answer.body, { code: 'surgical', ...shown(surgical) })
  t.strictSame((await put('surgical', answer.body)).body, answer.body, 'and takes what it answered')
})

t.test('200: put again it changes as a whole, packs that are left out are taken away', async (t) => {
  const changed = { ...surgical, name: 'Masque', packs: [{ gtin: '96385074', unitsPerBox: 20 }], active: false }
  const answer = await put('surgical', changed)
  t.equal(answer.status, 200)
  t.strictSame(answer.body, { code: 'surgical', ...shown(changed) })
  const { body } = await service.call('GET', '/v1/products')
  t.strictSame(body.items, [{ code: 'surgical', ...shown(changed) }])
})

t.test(
  '400: a GTIN with a wrong check digit, given twice in any length, or of another product is refused',
  async (t) => {
    for (const packs of [
      [{ gtin: '3401060011445', unitsPerBox: 50 }],
      [
        { gtin: '3401060011444', unitsPerBox: 50 },
        { gtin: '03401060011444', unitsPerBox: 100 },
      ],
      [{ gtin: '00000096385074', unitsPerBox: 50 }],
    ]) {
      const answer = await put('ffp2', { ...surgical, packs })
      t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path: /^packs/ }] } })
    }
  },
)

t.test('200: the trade codes of a pack are answered where they were given, and found by GTIN and CIP13', async (t) => {
  const codes = { acl: '6249934', cip13: '3400935955838' }
  const packs = [
    { gtin: '3401060011444', unitsPerBox: 50, ...codes },
    { gtin: '96385074', unitsPerBox: 20 },
  ]
  const { body } = await put('surgical', { ...surgical, packs })
  t.strictSame(body.packs, [
    { gtin: '03401060011444', unitsPerBox: 50, ...codes },
    { gtin: '00000096385074', unitsPerBox: 20 },
  ])
  for (const gtin of ['3401060011444', '03401060011444', '96385074', '0000096385074', codes.cip13, `0${codes.cip13}`]) {
    const found = await service.call('GET', `/v1/products?gtin=${gtin}`)
    t.strictSame(found.body, { items: [body], nextCursor: null }, gtin)
  }
  t.strictSame((await service.call('GET', '/v1/products?gtin=4006381333931')).body.items, [])
  for (const gtin of ['3401060011445', '123', '']) {
    t.match(await service.call('GET', `/v1/products?gtin=${gtin}`), {
      status: 400,
      body: { errors: [{ path: 'gtin' }] },
    })
  }
})

t.test('400: a code that is no trade code, or that names another pack, is refused by name', async (t) => {
  const ean = '4006381333931'
  for (const [more, path] of [
    [{ acl: '624993' }, 'packs[0].acl'],
    [{ cip13: '3400935955839' }, 'packs[0].cip13'],
    [{ cip13: '34009359' }, 'packs[0].cip13'],
    [{ cip13: '3401060011444' }, 'packs[0].cip13'],
    [{ gtin: '3400935955838' }, 'packs[0].gtin'],
    [{ cip13: '3400935955838' }, 'packs[0].cip13'],
  ] as const) {
    const answer = await put('ffp2', { ...surgical, packs: [{ gtin: ean, unitsPerBox: 50, ...more }] })
    t.match(answer, { status: 400, body: { code: 'invalid_request', errors: [{ path }] } }, JSON.stringify(more))
  }
  const own = [{ gtin: ean, unitsPerBox: 50, cip13: ean }]
  t.match(await put('ffp2', { ...surgical, packs: own }), { status: 201 }, 'a CIP13 may be the GTIN of its own pack')
  const twice = [...own, { gtin: '73513537', unitsPerBox: 10, cip13: ean }]
  t.match(await put('ffp2', { ...surgical, packs: twice }), {
    status: 400,
    body: { errors: [{ path: 'packs[1].cip13' }] },
  })
})

t.test('400: an unknown field and an impossible code are refused by name', async (t) => {
  t.match(await put('ffp2', { ...surgical, actif: true }), { status: 400, body: { detail: /actif/ } })
  t.match(await put('FFP2!', surgical), { status: 400, body: { errors: [{ path: 'code' }] } })
})

t.test('401 without a token, 403 for any other role', async (t) => {
  t.equal((await service.call('PUT', '/v1/products/ffp2', { body: surgical })).status, 401)
  const regulator = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR'] })
  t.match(await put('ffp2', surgical, regulator), { status: 403, body: { code: 'forbidden' } })
})

t.test('putting a product keeps what every write promises', (t) =>
  testWrite(t, service, {
    method: 'PUT',
    path: '/v1/products/ffp3',
    body: { ...surgical, packs: [] },
    other: { path: '/v1/products/ffp3', body: { ...surgical, packs: [], active: false } },
    status: 201,
  }),
)
