import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { openServer } from '../../src/db/server.ts'
import { makeDatabase } from '../support/database.ts'
import { makeKey, makeSigner } from '../support/service.ts'

t.test('200: a service that reaches its database is ready; 503: once that is gone, no more', async (t) => {
  const { db, drop } = await makeDatabase()
  t.teardown(drop)
  const app = await serviceOver(t, db)
  t.match(await app.inject({ url: '/readyz' }), { statusCode: 200, body: '{"status":"ok"}' })
  t.match(await app.inject({ url: '/healthz' }), { statusCode: 200, body: '{"status":"ok"}' })
  await db.close()
  t.equal((await app.inject({ url: '/readyz' })).statusCode, 503)
  t.equal((await app.inject({ url: '/healthz' })).statusCode, 200, 'the process is alive')
})

t.test('503: a service whose database does not answer is not ready, and says when to ask again', async (t) => {
  // Nothing listens on port 1.
  const db = openServer('postgres://nobody@127.0.0.1:1/none', { connections: 1, onError: () => {} })
  t.teardown(() => db.close())
  const app = await serviceOver(t, db)
  const ready = await app.inject({ url: '/readyz' })
  t.match(ready, {
    statusCode: 503,
    headers: { 'content-type': /^application\/problem\+json/, 'retry-after': /^\d+$/ },
  })
  t.match(ready.json(), { code: 'unavailable', status: 503 })
  t.equal((await app.inject({ url: '/v1/products' })).json().code, 'unavailable', 'what needs the database says so too')
})

async function serviceOver(t: Test, db: Database): Promise<FastifyInstance> {
  const app = await buildApp({
    config: loadConfig({}),
    db,
    keys: [await makeKey()],
    issuers: [],
    signers: [makeSigner()],
  })
  t.teardown(() => app.close())
  return app
}
