import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { makeDatabase, serverUrl } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = serverUrl ? false : 'nothing can hold up the embedded database, which runs one statement at a time'
const MOST_IN_FLIGHT = 1_000
const CONNECTIONS = 10

t.test('a thousand requests wait and are answered; those beyond get 503 meanwhile', async (t) => {
  const beyond = 30
  const gate = Promise.withResolvers<void>()
  const routes = (app: FastifyInstance) =>
    app.get('/gate', { config: { policy: 'public' } }, async () => {
      await gate.promise
      return 'passed'
    })
  const { app } = await startService(t, {}, { routes })
  const answered: number[] = []
  const answers = atOnce(range(MOST_IN_FLIGHT + beyond), async (n) => {
    const { statusCode, headers } = await app.inject({ url: '/gate', remoteAddress: `192.0.2.${n % 5}` })
    answered.push(statusCode)
    if (statusCode === 503) t.equal(headers['retry-after'], '2')
  })
  await until('not all of the excess was refused', () => answered.length >= beyond)
  t.same(new Set(answered), new Set([503]), 'nobody has passed yet')
  t.equal((await app.inject({ url: '/healthz' })).statusCode, 200, 'the process says that it is alive')
  gate.resolve()
  await answers
  const times = (status: number) => answered.filter((each) => each === status).length
  t.same({ served: times(200), refused: times(503) }, { served: MOST_IN_FLIGHT, refused: beyond })
})

t.test('one address has a quarter of that before it says who calls; beyond, it alone gets 429', async (t) => {
  const gate = Promise.withResolvers<void>()
  const routes = (app: FastifyInstance) =>
    app.get('/gate', { config: { policy: 'public' } }, async () => {
      await gate.promise
      return 'passed'
    })
  const { app, token } = await startService(t, {}, { routes })
  const greedy = range(MOST_IN_FLIGHT / 4 + 1).map(() => app.inject({ url: '/gate' }))
  t.match(await Promise.race(greedy), { statusCode: 429, headers: { 'retry-after': '1' } })
  t.equal((await app.inject({ url: '/v1/products', remoteAddress: '192.0.2.1' })).statusCode, 200, 'others go on')
  const authorization = `Bearer ${await token({ role: 'admin', subject: 'admin' })}`
  gate.resolve()
  await Promise.all(greedy)
  t.equal((await app.inject({ url: '/v1/clients', headers: { authorization } })).statusCode, 200, 'and then all')
})

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

  await t.test('a database that has gone silent: 503 while it is, and 200 when it is back', async (t) => {
    await whileFrozen(async () => {
      const answers = await atOnce(range(2 * CONNECTIONS), read)
      t.same(tally(answers), { '503 unavailable': 2 * CONNECTIONS }, 'with a connection and without')
      t.ok(answers.every(({ headers }) => headers['retry-after']))
      t.equal((await server.call('GET', '/healthz')).status, 200)
      t.equal((await server.call('GET', '/readyz')).status, 503)
    })
    await until('it did not come back', async () => (await server.call('GET', '/readyz')).status === 200)
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
      ['the person’s history is locked', free, nurse, seededUuid()],
      ['the stock is locked', locked, second, seededUuid()],
    ] as const
    // All of this while the session holds its locks.
    const [answers, counted, meanwhile] = await Promise.all([
      atOnce(stuck, ([, place, { id }, key]) => dispense(place, id, key)),
      world.count(locked, 50),
      dispense(free, third.id, seededUuid()),
    ])
    t.same(tally(answers), { '503 unavailable': 2 })
    t.match(counted, { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': /./ } })
    t.equal(meanwhile.status, 201, 'who needs neither of the two is served')

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
