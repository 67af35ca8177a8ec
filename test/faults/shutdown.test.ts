import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import t, { type Test } from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { makeDatabase, onServerOnly, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { answerOn, dial } from '../support/raw-http.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const STOPS_WITHIN_MS = 10_000
const CALLERS = 8

t.test('SIGTERM', async (t) => {
  const { db, url, server } = await setUp(t)
  const world = await makeWorld(server, 1_000_000)
  const place = await world.pharmacy(1)
  const { id } = await world.professional(1)
  must(201, await world.count(place, 1_000_000))
  const dispense = () =>
    server.call('POST', '/v1/dispensations', {
      token: place.token,
      key: randomUUID(),
      body: dispensationBody(id, 1),
    })
  const entries = async () => (await oneRow<{ n: number }>(db.orm, 'n', sql`select count(*)::int as n from ledger_entries`)).n
  /** Asks the server to stop, and answers how it did and how long that took. */
  const stop = async (afterwards = async () => {}) => {
    const started = performance.now()
    server.signal('SIGTERM')
    await server.says('stopping')
    await afterwards()
    return { ...(await server.ended()), inTime: performance.now() - started < STOPS_WITHIN_MS }
  }
  const stopped = { code: 0, signal: null, inTime: true }

  await t.test('with a connection open that has nothing to say: exits 0 at once (fault 20)', async (t) => {
    const idle = await dial(server.url())
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    t.match(await answerOn(idle), { status: 200, headers: { connection: 'keep-alive' } })
    t.same(await stop(), stopped)
    await server.start()
  })

  await t.test('with requests in flight: they finish, and it exits 0 (fault 20)', { skip: onServerOnly }, async (t) => {
    const session = new pg.Client({ connectionString: url })
    await session.connect()
    t.teardown(() => session.end())
    await session.query('begin')
    await session.query('lock table stock in access exclusive mode')
    const before = await entries()
    const answers = atOnce(range(CALLERS), dispense)
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await until(1_500, 'the requests are not in flight', async () => (await session.query(waiting)).rows.length >= 1)
    t.same(await stop(async () => void (await session.query('rollback'))), stopped)
    t.same(tally(await answers), { 201: CALLERS }, 'each got its answer')
    t.equal(await entries(), before + CALLERS)
    await server.start()
  })

  await t.test('under load: what was done was answered, and it exits 0 (fault 20)', { skip: onServerOnly }, async (t) => {
    const before = await entries()
    let done = 0
    const callers = range(CALLERS).map(async () => {
      // A connection that the server has not taken yet is refused or closed: that request was never accepted.
      for (;;) {
        const answer = await dispense().catch(() => undefined)
        if (answer === undefined) return
        t.equal(answer.status, 201)
        done++
      }
    })
    await until(20_000, 'the load did not start', () => done >= 10 * CALLERS)
    t.same(await stop(), stopped)
    await Promise.all(callers)
    t.equal(await entries(), before + done, 'no effect without an answer, and no answer without its effect')
    await invariantsHold(t, db)
  })
})

async function setUp(t: Test) {
  const { db, url, drop } = await makeDatabase(2)
  t.teardown(drop)
  const server = makeServer(t, url ? { DATABASE_URL: url } : {}, await makeFolder(t))
  await server.start()
  return { db, url: serverUrl && url, server }
}
