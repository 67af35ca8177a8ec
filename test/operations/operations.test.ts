import { rm } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { buildOperations } from '../../src/http/operations.ts'
import { makeDatabase, makeDataDir, serverUrl } from '../support/database.ts'
import { letPass } from '../support/monotonic.ts'
import { makeFolder, makeServer, type Server } from '../support/process.ts'
import { range } from '../support/tally.ts'

t.test('whoever runs it is answered on a listener of its own, and callers see no metrics', async (t) => {
  const server = await made(t)
  await server.start()
  for (const path of ['/healthz', '/readyz']) {
    for (const url of [server.url(), server.operations()]) {
      t.equal((await fetch(`${url}${path}`)).status, 200, `${url}${path}`)
    }
  }
  const metrics = await fetch(`${server.operations()}/metrics`)
  t.match(metrics.headers.get('content-type'), /^text\/plain/)
  t.match(await metrics.text(), /^process_cpu_seconds_total \d/m)
  t.equal((await fetch(`${server.url()}/metrics`)).status, 404)
  for (const path of ['/v1/products', '/docs', '/openapi.json']) {
    t.equal((await fetch(`${server.operations()}${path}`)).status, 404, path)
  }
})

t.test('a port that is taken is said in a line that names the setting, and nothing is left running', async (t) => {
  const server = await made(t)
  await server.start()
  for (const [name, url] of [
    ['PORT', server.url()],
    ['OPERATIONS_PORT', server.operations()],
  ] as const) {
    const { port } = new URL(url)
    const second = await made(t)
    const line = new RegExp(`: gomask: ${name}: ${port} is taken on 127.0.0.1; choose another, or 0 for a free one$`)
    await t.rejects(second.start({ [name]: port }), line)
    t.match(await second.ended(), { code: 1 })
  }
})

t.test('the metrics are written once a second, however often anybody asks', async (t) => {
  let written = 0
  const register = { contentType: 'text/plain', metrics: async () => `${++written}` }
  const app = await buildOperations({ readiness: () => Promise.reject(), metrics: { client: { register } } })
  t.teardown(() => app.close())
  const ask = () => Promise.all(range(50).map(() => app.inject({ url: '/metrics' })))
  t.strictSame(new Set((await ask()).map(({ body }) => body)), new Set(['1']))
  letPass(t, 1_000)
  t.strictSame(new Set((await ask()).map(({ body }) => body)), new Set(['2']))
})

t.test('a flood of the metrics is answered late, and no probe is', async (t) => {
  const register = { contentType: 'text/plain', metrics: async () => 'metrics' }
  const app = await buildOperations({ readiness: () => Promise.reject(), metrics: { client: { register } } })
  t.teardown(() => app.close())
  // However long it takes: all of it is within a second.
  const now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  for (const _ of range(10)) await app.inject({ url: '/metrics' })
  const order: string[] = []
  const late = app.inject({ url: '/metrics' }).then(({ statusCode }) => order.push(`flood ${statusCode}`))
  await app.inject({ url: '/healthz' })
  order.push('probe')
  await late
  t.strictSame(order, ['probe', 'flood 200'])
})

async function made(t: Test): Promise<Server> {
  if (!serverUrl) {
    const folder = await makeDataDir()
    t.teardown(() => rm(folder, { recursive: true }))
    return makeServer(t, {}, folder)
  }
  const { url = '', drop } = await makeDatabase(1)
  t.teardown(drop)
  return makeServer(t, { DATABASE_URL: url }, await makeFolder(t))
}
