import t from 'tap'
import { callers, routesOf } from '../support/routes.ts'
import { startService } from '../support/service.ts'
import { range } from '../support/tally.ts'

const service = await startService(t)
const { call } = service
const token = await service.token({ role: 'admin', subject: 'admin' })
const keys = (count: number) => Object.fromEntries(range(count).map((n) => [`k${n.toString(36)}`, 1]))
const put = (body: unknown) => call('PUT', '/v1/products/ffp2', { token, body })

t.test(
  '413: a body beyond the limit of its route, which the answer names; hardly any takes more than 16 kB',
  async (t) => {
    const larger: Record<string, string | undefined> = {}
    for (const route of routesOf(service.app).filter(({ body }) => body !== undefined)) {
      const [role] = route.roles
      const bearer = role && (await service.token(callers[role]))
      const send = (kilobytes: number) =>
        call(route.method, route.path, { token: bearer, key: true, body: { x: 'x'.repeat(kilobytes * 1024) } })
      const answer = await send(1024)
      t.match(answer, { status: 413, body: { code: 'payload_too_large' } }, route.name)
      const [, taken] = /larger than the ([\d,]+) kB that this route takes/.exec(answer.body.detail) ?? []
      if (taken !== '16') larger[route.name] = taken
      t.equal((await send(16)).status === 413, taken === '16', route.name)
    }
    t.strictSame(larger, {
      'POST /v1/allocation-rules': '64',
      'POST /v1/clients': '64',
      'POST /v1/clients/{id}/grants': '64',
      'POST /v1/pharmacies/{finess}/offline-batches': '1,024',
      'PUT /v1/clients/{id}': '64',
      'PUT /v1/pharmacies/{finess}': '64',
      'PUT /v1/pharmacies/{finess}/stock': '128',
    })
  },
)

t.test('400: unknown keys, of which ten at most are told, in an answer that stays short', async (t) => {
  const { status, body } = await put(keys(1_900))
  t.equal(status, 400)
  t.ok(body.errors.length <= 10)
  t.ok(JSON.stringify(body).length < 4_000)
  const wrong = await call('POST', '/v1/allocation-rules', { token, body: { beneficiaries: Array(150).fill(1) } })
  t.match(wrong, { status: 400, body: { errors: { length: 10 } } })
})

t.test('400: more members and items than any request has, in all that is in the body', async (t) => {
  for (const body of [range(2_001), { packs: range(2_000) }, { a: range(1_000), b: [range(999)] }]) {
    t.match(await put(body), { status: 400, body: { errors: [{ path: 'body', message: /more than 2,000/ }] } })
  }
})

t.test('400: what cannot be stored is found wherever it is, and its path is told', async (t) => {
  for (const [body, path] of [
    [{ packs: [{ gtin: 'x' }, { gtin: '\0' }] }, 'packs[1].gtin'],
    [[['\0']], '[0][0]'],
    ['\0', 'body'],
    [{ name: { '\0': 1 } }, 'name'],
  ] as const) {
    const answer = await call('PUT', '/v1/products/ffp2', {
      token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    t.match(answer, { status: 400, body: { errors: [{ path }] } }, path)
  }
})
