import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { openServer } from '../../src/db/server.ts'
import type { SigningKeys } from '../../src/keys/signing-key.ts'
import { makeDatabase, onServerOnly, PATIENT } from '../support/database.ts'
import { overheardLogger } from '../support/leaks.ts'
import { letPass } from '../support/monotonic.ts'
import { makeKey, makeSigner, makeWebhookKeys } from '../support/service.ts'
import { superuser } from '../support/superuser.ts'
import { setClockWrong } from '../support/wall-clock.ts'

const key = await makeKey()
const READY = { database: 'ok', writes: 'ok', connection: 'ok', clock: 'ok', keys: 'ok' }
const UNKNOWN = 'unknown while the database does not answer'
const SILENT = { database: 'does not answer', writes: UNKNOWN, connection: UNKNOWN, clock: UNKNOWN, keys: UNKNOWN }

t.test('200: a service that reaches its database is ready; 503: once that is gone, no more', async (t) => {
  const { db, drop } = await makeDatabase()
  t.teardown(drop)
  const { app, ready } = await serviceOver(t, db)
  t.same(await ready(), [200, READY])
  t.match(await app.inject({ url: '/healthz' }), { statusCode: 200, body: '{"status":"ok"}' })
  await db.close()
  t.same(await ready(0), [200, READY], 'what was found within the second is answered again')
  t.same(await ready(), [503, SILENT])
  t.equal((await app.inject({ url: '/healthz' })).statusCode, 200, 'the process is alive')
})

t.test('503: a service whose database does not answer is not ready, and says when to ask again', async (t) => {
  // Nothing listens on port 1.
  const db = openServer('postgres://nobody@127.0.0.1:1/none', { connections: 1, onError: () => {} })
  t.teardown(() => db.close())
  const { app } = await serviceOver(t, db)
  const ready = await app.inject({ url: '/readyz' })
  t.match(ready, { statusCode: 503, headers: { 'content-type': /^application\/json/, 'retry-after': /^\d+$/ } })
  t.same(ready.json(), { ready: false, checks: SILENT })
  t.equal((await app.inject({ url: '/v1/products' })).json().code, 'unavailable', 'what needs the database says so too')
})

t.test('each check fails for its own reason, is logged once, and passes again', { skip: onServerOnly }, async (t) => {
  const { db, url = '', drop } = await makeDatabase()
  t.teardown(drop)
  const { ready, told } = await serviceOver(t, db)
  t.same(await ready(), [200, READY])
  const { run, end } = await superuser({ url, db })
  t.teardown(end)

  await t.test('writes: the database can only be read', async (t) => {
    await run(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
    const plain = openServer(url, { connections: 1, timeouts: PATIENT, onError: () => {} })
    t.teardown(() => plain.close())
    const { ready, told } = await serviceOver(t, plain)
    const refused = 'refused: the database can only be read'
    t.same(await ready(), [503, { ...READY, writes: refused }])
    t.same(await ready(), [503, { ...READY, writes: refused }])
    await plain.foreign('set default_transaction_read_only = off')
    t.same(await ready(), [200, READY])
    t.same(told(), [`writes ${refused}`, 'writes ok'])
    await run(`alter database ${new URL(url).pathname.slice(1)} reset all`)
  })

  await t.test('connection: something in between has changed what it was opened with', async (t) => {
    // As a pooler does that drops the options of a connection and gives it to others afterwards.
    const plain = openServer(url, { connections: 1, timeouts: PATIENT, onError: () => {} })
    t.teardown(() => plain.close())
    const { ready, told } = await serviceOver(t, plain)
    t.same(await ready(), [200, READY])
    await plain.foreign(`set role none; set lock_timeout = 0; set datestyle = 'German'`)
    const differs = 'not as this service opens it: datestyle, role, lock_timeout'
    t.same(await ready(), [503, { ...READY, connection: differs }])
    await plain.foreign('reset all; reset role')
    t.same(await ready(), [200, READY])
    t.same(told(), [`connection ${differs}`, 'connection ok'])
  })

  for (const [how, minutes] of [
    ['ahead of', 6],
    ['behind', -6],
  ] as const) {
    await t.test(`clock: the program’s is ${how} the database’s`, async (t) => {
      const differs = `this program’s is more than 5 minutes ${how} the database’s`
      await t.test('by 8 days', async (t) => {
        setClockWrong(t, minutes * 1_920 * 60_000)
        t.same(await ready(), [503, { ...READY, clock: differs }])
      })
      await t.test('by 6 minutes', async (t) => {
        setClockWrong(t, minutes * 60_000)
        t.same(await ready(), [503, { ...READY, clock: differs }])
      })
      await t.test('by 4 minutes', async (t) => {
        setClockWrong(t, (minutes / 6) * 4 * 60_000)
        t.same(await ready(), [200, READY])
      })
      t.same(told(), [`clock ${differs}`, 'clock ok'])
    })
  }
})

t.test('keys: a process with other keys than one that serves already is not ready', async (t) => {
  const { db, drop } = await makeDatabase()
  t.teardown(drop)
  const [first, second, other] = await Promise.all([makeKey(), makeKey(), makeKey()])
  const stranger = 'an older process has other keys: one of the two refuses the tokens that the other signs'
  const elder = await serviceOver(t, db, [first])
  t.same(await elder.ready(), [200, READY])

  await t.test('however often the two are asked; and is, once the other has stopped', async (t) => {
    const strange = await serviceOver(t, db, [other])
    for (const _ of [1, 2]) {
      t.same(await strange.ready(), [503, { ...READY, keys: stranger }])
      t.same(await elder.ready(), [200, READY], 'who came later does not stop those that serve')
    }
    t.same(strange.told(), [`keys ${stranger}`])
    await elder.app.close()
    t.same(await strange.ready(), [200, READY])
    await strange.app.close()
  })

  await t.test('a rotation with overlap passes at each step', async (t) => {
    let before: FastifyInstance | undefined
    for (const keys of [[first], [first, second], [second, first], [second]] as SigningKeys[]) {
      const { app, ready } = await serviceOver(t, db, keys)
      t.same(await ready(), [200, READY], 'beside those that were not yet restarted')
      await before?.close()
      before = app
    }
  })

  await t.test('without the overlap one refuses what the other signs', async (t) => {
    const before = await serviceOver(t, db, [second])
    t.same(await before.ready(), [200, READY])
    const { ready } = await serviceOver(t, db, [other, second])
    t.same(await ready(), [503, { ...READY, keys: stranger }], 'it knows theirs, and they do not know its own')
  })

  await t.test('one that has been silent for a minute is forgotten', async (t) => {
    const before = await serviceOver(t, db, [second])
    t.same(await before.ready(), [200, READY])
    await db.foreign(`update processes set seen_at = seen_at - interval '61 seconds'`)
    const { ready } = await serviceOver(t, db, [other])
    t.same(await ready(), [200, READY])
    t.equal((await db.foreign('select from processes')).rows.length, 1)
  })
})

/** A service, its answer to /readyz when the last is a second old, and what its log has said of the checks. */
async function serviceOver(t: Test, db: Database, keys: SigningKeys = [key]) {
  const lines: string[] = []
  const deps = { config: loadConfig({}), db, issuers: [], signers: [makeSigner()] as [ReturnType<typeof makeSigner>] }
  const app: FastifyInstance = await buildApp({ ...deps, keys, webhookKeys: makeWebhookKeys() }, overheardLogger(lines))
  t.teardown(() => app.close())
  const ready = async (ageMs = 1_000) => {
    letPass(t, ageMs)
    const answer = await app.inject({ url: '/readyz' })
    const { ready, checks } = answer.json()
    t.equal(ready, answer.statusCode === 200)
    return [answer.statusCode, checks]
  }
  const told = () =>
    lines
      .splice(0)
      .map((line) => JSON.parse(line))
      .filter(({ check }) => check)
      .map(({ check, why = 'ok' }) => `${check} ${why}`)
  return { app, ready, told }
}
