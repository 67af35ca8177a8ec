import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { answerOn, dial } from '../support/raw-http.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'nothing can hold up the embedded database, which runs one statement at a time'
const MOST_IN_FLIGHT = 1_000
const CONNECTIONS = 10
const LONGEST_ANSWER_MS = 12_000

t.test('a service with more to do than its database lets it', { skip }, async (t) => {
  const { db, url, server, proxy, world } = await setUp(t)
  const read = () => server.call('GET', '/v1/products')
  /** While the network to the database loses every packet. */
  const whileFrozen = async (work: () => Promise<void>) => {
    proxy.freeze()
    try {
      await work()
    } finally {
      proxy.thaw()
    }
  }

  await t.test('a thousand requests wait and are answered; those beyond get 503 at once', async (t) => {
    const beyond = 30
    // Connected beforehand: what waits for a database connection waits 5 s, and all must be under way by then.
    const sockets = await Promise.all(range(MOST_IN_FLIGHT + beyond).map(() => dial(server.url())))
    const answered: (string | undefined)[] = []
    let answers: Promise<unknown>[] = []
    await whileFrozen(async () => {
      answers = sockets.map(async (socket) => {
        socket.write('GET /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n')
        const answer = await answerOn(socket)
        socket.destroy()
        answered.push(answer?.status === 503 ? `503 ${JSON.parse(answer.body).code}` : `${answer?.status}`)
        if (answer?.status === 503) t.equal(answer.headers['retry-after'], '2')
      })
      await until(20_000, 'not all of the excess was refused', () => answered.length >= beyond)
      t.equal((await server.call('GET', '/healthz')).status, 200, 'the process says that it is alive')
    })
    await Promise.all(answers)
    const times = (outcome: string) => answered.filter((each) => each === outcome).length
    t.same({ served: times('200'), refused: times('503 unavailable') }, { served: MOST_IN_FLIGHT, refused: beyond })
    t.ok(
      answered.slice(0, beyond).every((each) => each !== '200'),
      'the refusals came first',
    )
  })

  await t.test('a database that has gone silent: 503 within seconds, and 200 when it is back', async (t) => {
    await whileFrozen(async () => {
      const started = performance.now()
      const answers = await atOnce(range(2 * CONNECTIONS), read)
      const tookMs = performance.now() - started
      t.same(tally(answers), { '503 unavailable': 2 * CONNECTIONS }, 'with a connection and without')
      t.ok(answers.every(({ headers }) => headers['retry-after']))
      t.ok(tookMs < LONGEST_ANSWER_MS, `after ${Math.round(tookMs)} ms`)
      t.equal((await server.call('GET', '/healthz')).status, 200)
      t.equal((await server.call('GET', '/readyz')).status, 503)
    })
    await until(10_000, 'it did not come back', async () => (await server.call('GET', '/readyz')).status === 200)
    t.same(tally(await atOnce(range(2 * CONNECTIONS), read)), { 200: 2 * CONNECTIONS })
  })

  await t.test('a lock that another session does not let go of: 503, never a hang', async (t) => {
    const [free, locked] = [await world.pharmacy(1), await world.pharmacy(2)]
    const [nurse, second, third] = await Promise.all([1, 2, 3].map((n) => world.professional(n)))
    if (!nurse || !second || !third) throw new Error('there are three')
    for (const place of [free, locked]) must(201, await world.count(place, 100))
    const session = new pg.Client({ connectionString: url })
    await session.connect()
    t.teardown(() => session.end())
    await session.query('begin')
    await session.query(
      `select from ledger_heads join person_identifiers using (person_id) where identifier = $1 for update of ledger_heads`,
      [nurse.id],
    )
    await session.query('select from stock where pharmacy = $1 for update', [locked.finess])

    const dispense = (place: typeof free, id: string, key: string) =>
      server.call('POST', '/v1/dispensations', { token: place.token, key, body: dispensationBody(id, 1) })
    const stuck = [
      ['the person’s history is locked', free, nurse, randomUUID()],
      ['the stock is locked', locked, second, randomUUID()],
    ] as const
    const started = performance.now()
    const [answers, counted, meanwhile] = await Promise.all([
      atOnce(stuck, ([, place, { id }, key]) => dispense(place, id, key)),
      world.count(locked, 50),
      dispense(free, third.id, randomUUID()).then(({ status }) => ({ status, tookMs: performance.now() - started })),
    ])
    const tookMs = performance.now() - started
    t.same(tally(answers), { '503 unavailable': 2 })
    t.match(counted, { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': /./ } })
    t.ok(tookMs < LONGEST_ANSWER_MS, `after ${Math.round(tookMs)} ms`)
    t.equal(meanwhile.status, 201, 'who needs neither of the two is served')
    t.ok(meanwhile.tookMs < tookMs / 2, `after ${Math.round(meanwhile.tookMs)} ms`)

    const stillWaiting = `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    t.same((await session.query(stillWaiting)).rows, [], 'in the database nothing waits any more either')

    await session.query('rollback')
    for (const [what, place, { id }, key] of stuck) {
      const again = await dispense(place, id, key)
      t.match(again, { status: 201, headers: { 'idempotency-replayed': undefined } }, `${what} no more: done now`)
    }
    await invariantsHold(t, db)
  })
})

async function setUp(t: Test) {
  const { db, url = '', drop } = await makeDatabase(2)
  t.teardown(drop)
  const proxy = await startProxy(t, url)
  const env = { DATABASE_URL: proxy.url, DATABASE_POOL: `${CONNECTIONS}` }
  const server = makeServer(t, env, await makeFolder(t))
  await server.start()
  return { db, url, server, proxy, world: await makeWorld(server, 100) }
}
