import type { Instant } from '../domain/instant.ts'
import type { Queryable } from './database.ts'
import { oneRow } from './query.ts'
import { clock, instant, sql } from './sql.ts'

/** The database's clock now, which decides windows and expiry: the program's own may be wrong. */
export async function readClock(db: Queryable): Promise<Instant> {
  return (await oneRow<{ at: Instant }>(db, 'clock', sql`select ${instant(clock)} as at`)).at
}
