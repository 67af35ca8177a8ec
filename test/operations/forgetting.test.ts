import t from 'tap'
import type { Database, Queryable } from '../../src/db/database.ts'
import { oneRow, rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { forgetExpiredKeys } from '../../src/store/idempotency.ts'
import { countOlder, forgetOlder } from '../../src/store/retention.ts'
import { makeDatabase } from '../support/database.ts'
import { tamper } from '../support/superuser.ts'
import { range } from '../support/tally.ts'

const KEPT = 3_000
const DAYS = 400

const made = await makeDatabase(2)
t.teardown(made.drop)
const { db } = made

t.test('expired keys go batch by batch, and the others stay', async (t) => {
  await keep(db, 4_500, '-1 second')
  await keep(db, KEPT, '30 days')
  const batches: number[] = []
  for (const _ of range(4)) batches.push(await forgetExpiredKeys(db))
  t.same(batches, [2_000, 2_000, 500, 0])
  const [left] = await rows(db, 'keys_left', sql`select count(*)::int as count from idempotency_keys`)
  t.same(left, { count: KEPT })
})

t.test('looking for what is due reads none of what is kept', async (t) => {
  await tamper(
    made,
    `insert into accesses (id, at, kind, reader_role, reader, outcome)
     select gen_random_uuid(), clock_timestamp() - make_interval(mins => n), 'history', 'admin', 'a', 'shown'
     from generate_series(1, ${KEPT}) as n`,
    `insert into refusals (id, at, verb, code, facts)
     select gen_random_uuid(), clock_timestamp() - make_interval(mins => n), 'dispensation', 'no_rule', '{}'
     from generate_series(1, ${KEPT}) as n`,
    'vacuum (analyze) accesses, refusals, idempotency_keys',
  )
  const looks: Record<string, (from: Queryable) => Promise<number>> = {
    idempotency_keys: forgetExpiredKeys,
    accesses: (from) => forgetOlder(from, 'accesses', DAYS),
    refusals: (from) => forgetOlder(from, 'refusals', DAYS),
    'accesses that are counted': (from) => countOlder(from, 'accesses', DAYS),
    'refusals that are counted': (from) => countOlder(from, 'refusals', DAYS),
  }
  for (const [what, look] of Object.entries(looks)) {
    const read = await inTransaction(db, async (tx) => {
      const before = await rowsRead(tx)
      t.equal(await look(tx), 0)
      return (await rowsRead(tx)) - before
    })
    t.ok(read < 10, `${read} rows of ${what}`)
  }
})

/** Keeps so many keys that expire in an interval from now. */
function keep(db: Database, count: number, interval: string) {
  return rows(
    db,
    'keep_keys',
    sql`insert into idempotency_keys (scope, key, request_hash, status, response, expires_at)
        select ${interval}, n::text, '', 200, '{}', clock_timestamp() + ${interval}::interval
        from generate_series(1, ${count}::int) as n`,
  )
}

/** How many rows this transaction has read of the tables and indexes concerned. */
async function rowsRead(tx: Queryable): Promise<number> {
  const { read } = await oneRow<{ read: number }>(
    tx,
    'rows_read',
    sql`select sum(pg_stat_get_xact_tuples_returned(r.oid))::float8 as read from pg_class r
        where r.relname ~ '^(accesses|refusals|idempotency_keys)' and r.relkind in ('r', 'i')`,
  )
  return read
}
