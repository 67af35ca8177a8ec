import t from 'tap'
import { oneRow } from '../../src/db/query.ts'
import { openServer } from '../../src/db/server.ts'
import { openServerOwner } from '../../src/db/server-owner.ts'
import { sql } from '../../src/db/sql.ts'
import { makeDatabase, PATIENT, serverUrl, withAllRights } from '../support/database.ts'
import { range } from '../support/tally.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const skip = serverUrl ? false : 'the embedded database has one connection'

const made = serverUrl ? await makeDatabase(1) : undefined
const url = made?.url ?? ''
t.teardown(async () => made?.drop())

for (const connections of [1, 2, 3]) {
  t.test(`readings that never cease let transactions through, with ${connections} connections`, { skip }, async (t) => {
    const db = openServer(url, { connections, timeouts: PATIENT, onError: () => {} })
    t.teardown(() => db.close())
    const ended = new AbortController()
    const readers = range(20).map(async (n) => {
      while (!ended.signal.aborted) await oneRow(db.readings, 'reading', sql`select pg_sleep(${n / 2_000}) as slept`)
    })
    t.ok(await db.attempt((tx) => oneRow(tx, 'beside', sql`select true as yes`)))
    ended.abort()
    await Promise.all(readers)
  })
}

t.test('readings share connections', { skip }, async (t) => {
  const network = await startProxy(t, url)
  const owner = await openServerOwner(withAllRights(url))
  const db = openServer(network.url, { connections: 10, onError: () => {} })
  t.teardown(async () => {
    await db.close()
    await owner.close()
  })
  const read = (name: string, what = sql`true`) =>
    oneRow<{ pid: number }>(db.readings, name, sql`select pg_backend_pid() as pid, ${what}::text as what`)
  const slow = (seconds: number) => read('slow', sql`pg_sleep(${seconds})`)

  await t.test('however many come together, three connections serve them', async (t) => {
    const found = await Promise.all(range(60).map(() => read('backend')))
    t.equal(new Set(found.map(({ pid }) => pid)).size, 3)
  })

  await t.test('they leave the other connections to transactions', async (t) => {
    const answered = Promise.all(range(9).map(() => slow(0.2)))
    t.ok(await db.attempt(async (tx) => oneRow(tx, 'beside', sql`select true as yes`)))
    await answered
  })

  await t.test('one that fails takes none of the others with it', async (t) => {
    const several = range(12).map((n) => (n === 4 ? read('failing', sql`1 / (pg_backend_pid() * 0)`) : read('backend')))
    const outcomes = await Promise.allSettled(several)
    t.strictSame(
      outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : [])),
      [4],
    )
  })

  await t.test('those that come together leave together, in one flush a connection', async (t) => {
    await Promise.all(range(60).map(() => read('backend')))
    const before = network.flushes()
    await Promise.all(range(60).map(() => read('backend')))
    t.equal(network.flushes() - before, 3)
  })

  await t.test('connections that are lost fail those on them, and are not used again', async (t) => {
    const waiting = Promise.allSettled(range(6).map(() => slow(10)))
    await until('not under way', async () => {
      const found = await owner.rows(
        `select from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and state = 'active'`,
      )
      return found.length === 4 // The one that asks among them.
    })
    await network.refuse()
    t.strictSame(new Set((await waiting).map(({ status }) => status)), new Set(['rejected']))
    await network.accept()
    t.ok(await read('backend'))
  })
})
