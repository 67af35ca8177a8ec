import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { everyone } from '../../src/http/policy.ts'
import { startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const sources: Readable[] = []
let starting: Promise<void> | undefined

const service = await startService(t, {}, { routes: exportRoute })
const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
// Clients keep connections open for a while, and a service that stops waits for those.
t.teardown(() => service.app.server.closeAllConnections())

t.test('a caller has one export at a time and a process two; each ends with its reader', async (t) => {
  const [first, second, third] = [await readerOf(t, 'first'), await readerOf(t, 'second'), await readerOf(t, 'third')]
  t.equal(await first.read(), 200)
  t.equal(await first.read(), 429, 'one of each caller')
  t.equal(await second.read(), 200)
  t.equal(await third.read(), 503, 'two in all')
  t.equal(sources.length, 2, 'nothing was begun for those that were refused')
  first.leave()
  await until('the export goes on without its reader', () => sources[0]?.destroyed === true)
  await until('its place was not given back', async () => (await third.read()) === 200)
  second.leave()
  third.leave()
  await until('an export goes on', () => sources.every(({ destroyed }) => destroyed))
})

t.test('a reader that goes while its export is being prepared leaves nothing behind', async (t) => {
  const gate = Promise.withResolvers<void>()
  starting = gate.promise
  const begun = sources.length
  const hasty = await readerOf(t, 'hasty')
  const read = hasty.read().catch(() => 'gone')
  await until('it was not begun', () => preparing > 0)
  hasty.leave()
  t.equal(await read, 'gone')
  await until('it is not noticed', () => left > 0)
  gate.resolve()
  await until('what was prepared is kept', () => sources.length > begun && sources.every(({ destroyed }) => destroyed))
  starting = undefined
  const next = await readerOf(t, 'hasty')
  t.equal(await next.read(), 200, 'its place is free')
  next.leave()
})

t.test('no export has a HEAD, which would read everything and throw it away', async (t) => {
  const authorization = `Bearer ${await service.token({ role: 'regulator', subject: 'ars', territories: ['FR'] })}`
  for (const path of ['/v1/ledger/bundle', '/v1/audit/dispensations', '/v1/professionals/me/data']) {
    const { statusCode, headers } = await service.app.inject({ method: 'HEAD', url: path, headers: { authorization } })
    t.equal(statusCode, 405, path)
    t.equal(headers.allow, 'GET', path)
  }
})

let preparing = 0
let left = 0

function exportRoute(app: FastifyInstance): void {
  const config = { policy: { scope: 'stock:read', ...everyone } as const }
  app.get('/endless', { config, schema: { hide: true }, exposeHeadRoute: false }, async (request, reply) => {
    const stream = await app.export(request, reply, async (gone) => {
      preparing++
      gone.addEventListener('abort', () => left++)
      await starting
      const source = new Readable({
        read() {
          this.push(Buffer.alloc(16_384))
        },
      })
      sources.push(source)
      return source
    })
    return reply.send(stream)
  })
}

async function readerOf(t: Test, subject: string) {
  const authorization = `Bearer ${await service.token({ role: 'admin', subject })}`
  const leaving = new AbortController()
  t.teardown(() => leaving.abort())
  return {
    async read() {
      const answer = await fetch(`${url}/endless`, { headers: { authorization }, signal: leaving.signal })
      if (answer.status !== 200) await answer.text()
      return answer.status
    },
    leave: () => leaving.abort(),
  }
}
