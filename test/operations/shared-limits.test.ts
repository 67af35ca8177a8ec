import pg from 'pg'
import t, { type Test } from 'tap'
import { openServer } from '../../src/db/server.ts'
import { onServerOnly } from '../support/database.ts'
import { letPass } from '../support/monotonic.ts'
import { type Service, startBeside, startService } from '../support/service.ts'
import { range, tally } from '../support/tally.ts'

const MOST = 10
const limits = { RATE_LIMIT: MOST, RATE_LIMIT_NOT_FOUND: 3, RATE_LIMIT_STORE: 'database' as const }

t.test('several processes count their callers together', { skip: onServerOnly }, async (t) => {
  const base = await startService(t)
  const url = base.url ?? ''
  const start = async () => {
    const db = openServer(url, { connections: 5, onError: () => {} })
    t.teardown(() => db.close())
    return startBeside(t, { ...base, db, config: { ...base.config, ...limits } })
  }
  const both = [await start(), await start()]
  const admin = (subject: string) => base.token({ role: 'admin', subject })
  /** So many requests, by turns to the one process and the other. */
  const ask = (token: string, n: number, path = '/v1/allocation-rules') =>
    Promise.all(range(n).map((index) => (both[index % 2] as Service).call('GET', path, { token })))

  await t.test('of more requests than the limit, so many pass in all, at once or one by one', async (t) => {
    t.same(tally(await ask(await admin('at once'), 3 * MOST)), { 200: MOST, '429 rate_limited': 2 * MOST })
    const token = await admin('one by one')
    for (const n of range(MOST)) {
      const { headers } = await (both[n % 2] as Service).call('GET', '/v1/allocation-rules', { token })
      t.match(headers, { 'ratelimit-limit': MOST, 'ratelimit-remaining': MOST - 1 - n })
    }
    t.same(tally(await ask(token, 2)), { '429 rate_limited': 2 })
    t.equal((await base.call('GET', '/v1/allocation-rules', { token })).status, 200, 'who shares nothing goes on')
  })

  await t.test('so are wrong ids: the next to ask for one elsewhere is told at once', async (t) => {
    const token = await admin('guessing')
    const wrong = '/v1/clients/0199c2a0-0000-7000-8000-000000000000'
    for (const _ of range(2)) await ask(token, 1, wrong)
    t.same(tally(await ask(token, 2, wrong)), { '404 not_found': 2 })
    t.same(tally(await ask(token, 2, wrong)), { '429 rate_limited': 2 })
  })

  await t.test('no national number is kept of who is counted, and nothing of whom nobody knows', async (t) => {
    const rows = await linesOf(url)
    for (const service of both) await service.call('GET', '/v1/products')
    t.equal(await linesOf(url), rows)
    t.match(rows, /^(\\x[0-9a-f]{64}\n?)+$/)
  })

  await t.test('while the database does not count, each process counts for itself, and serves', async (t) => {
    const locked = await lock(t, url)
    const token = await admin('alone')
    t.same(tally(await ask(token, 4 * MOST)), { 200: 2 * MOST, '429 rate_limited': 2 * MOST })
    for (const { logged } of both) t.match(logged.join('\n'), /this process counts alone/)
    await locked.end()
    letPass(t, 61_000)
    const afterwards = await admin('afterwards')
    t.same(tally(await ask(afterwards, 3 * MOST)), { 200: MOST, '429 rate_limited': 2 * MOST }, 'then together again')
  })
})

async function lock(t: Test, connectionString: string): Promise<pg.Client> {
  const session = await connect(connectionString)
  t.teardown(() => session.end())
  await session.query('begin')
  await session.query('lock table request_counts in access exclusive mode')
  return session
}

async function linesOf(connectionString: string): Promise<string> {
  const session = await connect(connectionString)
  const { rows } = await session.query('select id::text from request_counts order by id')
  await session.end()
  return rows.map(({ id }) => id).join('\n')
}

async function connect(connectionString: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString })
  await session.connect()
  return session
}
