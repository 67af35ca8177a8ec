import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { startService } from '../../support/service.ts'

const { app, token } = await startService(t)
const authorization = `Bearer ${await token({ role: 'regulator', subject: 'ars', territories: ['FR'] })}`

function get(url: string, accept?: string) {
  return app.inject({ url, headers: { authorization, ...(accept !== undefined && { 'accept-encoding': accept }) } })
}

t.test('what is large is compressed where asked for, and is the same', async (t) => {
  for (const url of ['/v1/territories?limit=100', '/openapi.json', '/openapi.yaml', '/docs/js/scalar.js']) {
    const [plain, small] = [await get(url), await get(url, 'br, gzip')]
    t.equal(plain.headers['content-encoding'], undefined, url)
    t.equal(small.headers['content-encoding'], 'gzip', url)
    t.match(small.headers.vary, /accept-encoding/i)
    t.match(plain.headers.vary, /accept-encoding/i)
    t.equal(Number(small.headers['content-length']), small.rawPayload.length)
    t.ok(small.rawPayload.length < plain.rawPayload.length / 2)
    t.ok(gunzipSync(small.rawPayload).equals(plain.rawPayload), `${url} is the same`)
  }
})

t.test('what is small, refused or not asked for so is sent as it is', async (t) => {
  for (const [url, accept] of [
    ['/healthz', 'gzip'],
    ['/v1/territories?limit=1', 'gzip'],
    ['/v1/nowhere', 'gzip'],
    ['/v1/territories?limit=100', 'gzip;q=0'],
    ['/v1/territories?limit=100', 'br'],
  ] as const) {
    t.equal((await get(url, accept)).headers['content-encoding'], undefined, `${url} ${accept}`)
  }
  const head = await app.inject({ method: 'HEAD', url: '/openapi.json', headers: { 'accept-encoding': 'gzip' } })
  t.equal(head.headers['content-encoding'], undefined)
})

t.test('of many at once some are sent as they are, and nobody waits', async (t) => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => get('/v1/territories?limit=100', 'gzip')))
  t.strictSame([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const small = answers.filter(({ headers }) => headers['content-encoding'] === 'gzip')
  t.ok(small.length >= 1, 'some are compressed')
  t.ok(small.length < answers.length, 'and not all')
})
