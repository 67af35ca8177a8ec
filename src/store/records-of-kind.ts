import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { sql } from '../db/sql.ts'
import { type LogRecord, unsealRecord } from '../domain/log-record.ts'

/** The records of a kind as they were sealed, by subject. One whose bytes are no record is passed over. */
export async function recordsOfKind(db: Queryable, kind: string): Promise<LogRecord[]> {
  const found = await rows<{ canonical: string }>(
    db,
    'records_of_kind',
    sql`select encode(canonical, 'base64') as canonical from log_records where kind = ${kind} order by subject collate "C"`,
  )
  return found.flatMap(({ canonical }) => unsealRecord(Buffer.from(canonical, 'base64').toString()) ?? [])
}

/** The last subject, in the order of texts, that there is a record of a kind about. */
export async function newestSubject(db: Queryable, kind: string): Promise<string | undefined> {
  const { newest } = await oneRow<{ newest: string | null }>(
    db,
    'newest_subject',
    sql`select max(subject) as newest from log_records where kind = ${kind}`,
  )
  return newest ?? undefined
}
