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

const put = (code: string, body: object, token = admin) => service.call('PUT', `/v1/products/${code}`, { token, body })

t.test('201: a new product answers as it was put in, its packs in their order', async (t) => {
  const answer = await put('surgical', surgical)
  t.equal(answer.status, 201)
  t.strictSame(answer.body, { code: 'surgical', ...surgical })
})

t.test('200: put again it changes as a whole, packs that are left out are taken away', async (t) => {
  const changed = { ...surgical, name: 'Masque', packs: [{ gtin: '96385074', unitsPerBox: 20 }], active: false }
  const answer = await put('surgical', changed)
  t.equal(answer.status, 200)
  t.strictSame(answer.body, { code: 'surgical', ...changed })
  const { body } = await service.call('GET', '/v1/products')
  t.strictSame(body.items, [{ code: 'surgical', ...changed }])
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
