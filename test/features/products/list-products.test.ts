import t from 'tap'
import { startService } from '../../support/service.ts'
import { must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const admin = await service.token({ role: 'admin', subject: 'admin' })

for (const code of ['surgical', 'ffp2', 'ffp3', '2ply', 'child-s']) {
  const body = { name: `Masque ${code}`, kind: 'mask', packs: [], active: code !== '2ply' }
  must(201, await call('PUT', `/v1/products/${code}`, { token: admin, body }))
}

t.test('200: anyone reads the catalogue without a token, products no longer distributed included', async (t) => {
  const { status, body } = await call('GET', '/v1/products')
  t.equal(status, 200)
  t.match(body.items[0], { code: '2ply', name: 'Masque 2ply', kind: 'mask', packs: [], active: false })
  t.equal(body.nextCursor, null)
})

t.test('200: pages follow each other by code, each product once', async (t) => {
  const codes: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await call('GET', `/v1/products?limit=2${cursor && `&cursor=${cursor}`}`)
    t.ok(body.items.length <= 2)
    codes.push(...body.items.map((item: { code: string }) => item.code))
    cursor = body.nextCursor
  }
  t.strictSame(codes, ['2ply', 'child-s', 'ffp2', 'ffp3', 'surgical'])
})

t.test('400: a limit above 100, a cursor of somebody else and an unknown parameter are refused by name', async (t) => {
  const nul = Buffer.from('"\\u0000"').toString('base64url')
  for (const [query, path] of [
    ['limit=101', 'limit'],
    ['cursor=abc', 'cursor'],
    [`cursor=${nul}`, 'cursor'],
  ] as const) {
    t.match(await call('GET', `/v1/products?${query}`), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await call('GET', '/v1/products?page=2'), { status: 400, body: { detail: /page/ } })
})
