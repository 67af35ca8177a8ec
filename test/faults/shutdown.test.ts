import pg from 'pg'
import t, { type Test } from 'tap'
import { makeDatabase, onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { answerOn, dial } from '../support/raw-http.ts'
import { seededUuid } from '../support/seed.ts'
import type { Answer } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const CALLERS = 8

t.test('SIGTERM', { skip: onServerOnly }, async (t) => {
  const { db, url, administrator, server } = await setUp(t)
  const world = await makeWorld(server, 1_000_000)
  const place = await world.pharmacy(1)
  const { id } = await world.professional(1)
  must(201, await world.count(place, 1_000_000))
  const dispense = () =>
    server.call('POST', '/v1/dispensations', {
      token: place.token,
      key: seededUuid(),
      body: dispensationBody(id, 1),
    })
  const entries = async () => Number((await administrator.query('select count(*) as n from ledger_entries')).rows[0]?.n)
  /** Asks the server to stop, and answers how it did: had it not by its own limit, it would have exited with 1. */
  const stop = async (afterwards = async () => {}) => {
    server.signal('SIGTERM')
    await server.says('stopping')
    await afterwards()
    return server.ended()
  }
  const stopped = { code: 0, signal: null }

  await t.test('with a connection open that has nothing to say: exits 0', async (t) => {
    const idle = await dial(server.url())
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    t.match(await answerOn(idle), { status: 200, headers: { connection: 'keep-alive' } })
    t.same(await stop(), stopped)
    await server.start()
  })

  await t.test('with requests in flight: they finish, and it exits 0', async (t) => {
    // Two sessions, as one in a transaction sees the activity of others as it was when it first looked.
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    t.teardown(() => holder.end())
    await holder.query('begin')
    await holder.query('lock table stock in access exclusive mode')
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    const before = await entries()
    const answers = atOnce(range(CALLERS), dispense)
    await until(
      'the requests are not in flight',
      async () => Number((await administrator.query(waiting)).rowCount) >= CALLERS,
    )
    t.same(await stop(async () => void (await holder.query('rollback'))), stopped)
    t.same(tally(await answers), { 201: CALLERS }, 'each got its answer')
    t.equal(await entries(), before + CALLERS)
    await server.start()
  })

  await t.test('under load: what was done was answered, and it exits 0', async (t) => {
    const before = await entries()
    const answers: Answer[] = []
    const callers = range(CALLERS).map(async () => {
      // A connection that the server has not taken yet is refused or closed: that request was never accepted.
      for (;;) {
        const answer = await dispense().catch(() => undefined)
        if (answer === undefined) return
        answers.push(answer)
      }
    })
    await until('the load did not start', () => answers.length >= 10 * CALLERS)
    t.same(await stop(), stopped)
    await Promise.all(callers)
    t.same(tally(answers), { 201: answers.length })
    t.equal(await entries(), before + answers.length, 'no effect without an answer, and no answer without its effect')
    await invariantsHold(t, db)
  })
})

async function setUp(t: Test) {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const administrator = new pg.Client({ connectionString: url })
  await administrator.connect()
  t.teardown(() => administrator.end())
  const server = makeServer(t, { DATABASE_URL: url }, await makeFolder(t))
  await server.start()
  return { db, url, administrator, server }
}
