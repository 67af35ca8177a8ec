import type { Database, Queryable } from '../db/database.ts'
import { oneRow } from '../db/query.ts'
import { sql } from '../db/sql.ts'

const BATCH = 1_000
const MOST_BATCHES = 20 // More at once would keep whoever waits for them from its answer.

/**
 * Gives the events that are committed their places in the log, in the order in which each pharmacy's happened, and
 * returns how many. Whoever reads the log afterwards finds every event that was acknowledged before, unless 20,000 were
 * waiting. Any number of processes may do it at once.
 */
export async function logEvents(db: Database): Promise<number> {
  let all = 0
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    // A statement of its own: the function must see what was committed before its lock was granted.
    const { logged } = await oneRow<{ logged: number }>(
      db,
      'log_events',
      sql`select log_events(${BATCH}::int) as logged`,
    )
    all += logged
    if (logged < BATCH) break
  }
  return all
}

/** The place of the newest event in the log, and that of the newest forgotten one. */
export function readLogEnds(db: Queryable): Promise<{ last: number; gone: number }> {
  return oneRow(db, 'event_log_ends', sql`select last::float8 as last, gone::float8 as gone from event_log_state`)
}
