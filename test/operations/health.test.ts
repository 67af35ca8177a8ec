import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { openServer } from '../../src/db/server.ts'
import { makeDatabase } from '../support/database.ts'
import { makeKey, startService } from '../support/service.ts'
import { must } from '../support/world.ts'

const config = loadConfig({})

t.test('200: a service that reaches its database is ready', async (t) => {
  const service = await startService(t)
  t.same(must(200, await service.call('GET', '/readyz')).body, { status: 'ok' })
  t.same(must(200, await service.call('GET', '/healthz')).body, { status: 'ok' })
})

t.test('503: one whose database does not answer is alive but not ready', async (t) => {
  // Nothing listens on port 1.
  const db = openServer('postgres://nobody@127.0.0.1:1/none', { connections: 1, onError: () => {} })
  const app = await buildApp({ config, db, key: await makeKey() })
  t.teardown(async () => {
    await app.close()
    await db.close()
  })
  const ready = await app.inject({ url: '/readyz' })
  t.match(ready, {
    statusCode: 503,
    headers: { 'content-type': /^application\/problem\+json/, 'retry-after': /^\d+$/ },
  })
  t.match(ready.json(), { code: 'unavailable', status: 503 })
  t.equal((await app.inject({ url: '/healthz' })).statusCode, 200)
  t.equal((await app.inject({ url: '/v1/products' })).json().code, 'unavailable', 'and what needs it says so')
})

t.test('503: one whose database was closed is not ready', async (t) => {
  const { db, drop } = await makeDatabase()
  const app = await buildApp({ config, db: { ...db }, key: await makeKey() })
  t.teardown(() => app.close())
  t.equal((await app.inject({ url: '/readyz' })).statusCode, 200)
  await drop()
  t.equal((await app.inject({ url: '/readyz' })).statusCode, 503)
})
