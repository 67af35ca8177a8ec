import type { Queryable } from '../db/database.ts'
import { oneRow } from '../db/query.ts'
import { sql } from '../db/sql.ts'

const BATCH = 5_000

// The functions do it with the owner's rights.
const forgetters = {
  accesses: { forget: 'forget_accesses', table: 'accesses', since: 'at' },
  refusals: { forget: 'forget_refusals', table: 'refusals', since: 'at' },
  reservations: { forget: 'forget_reservations', table: 'reservations', since: 'ended_at' },
  events: { forget: 'forget_events', table: 'event_log', since: 'at' },
} as const

/** The kinds of records whose rows are forgotten by age alone. */
export type AgingTable = keyof typeof forgetters

/** Deletes a batch of rows older than so many days, oldest first, and returns how many: 0 when none are left. */
export async function forgetOlder(db: Queryable, table: AgingTable, days: number): Promise<number> {
  const { forget } = forgetters[table]
  const { forgotten } = await oneRow<{ forgotten: number }>(
    db,
    forget,
    sql`select ${sql.raw(forget)}(${days}::int, ${BATCH}::int) as forgotten`,
  )
  return forgotten
}

/** Counts the rows older than so many days, however many they are: for a connection without a statement timeout. */
export async function countOlder(db: Queryable, table: AgingTable, days: number): Promise<number> {
  const { table: name, since } = forgetters[table]
  const { older } = await oneRow<{ older: number }>(
    db,
    `count_older_${table}`,
    sql`select count(*)::float8 as older from ${sql.raw(name)} where ${sql.raw(since)} < statement_timestamp() - make_interval(days => ${days}::int)`,
  )
  return older
}
