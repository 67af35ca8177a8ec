import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql } from '../db/sql.ts'

/** The transactions that write to this database just now. */
export async function writersUnderWay(db: Queryable): Promise<string[]> {
  const found = await rows<{ writer: string }>(
    db,
    'writers_under_way',
    sql`select pid || ' ' || backend_xid::text as writer from pg_stat_activity
        where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()`,
  )
  return found.map(({ writer }) => writer)
}
