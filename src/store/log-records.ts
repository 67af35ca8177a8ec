import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../db/database.ts'
import { row, rows, send } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { DAY_ANCHORED, FORGOTTEN_UP_TO } from '../domain/anchored-day.ts'
import { iso } from '../domain/instant.ts'
import { type LogRecord, sealRecord } from '../domain/log-record.ts'

/** The kind of the records that say that what had happened before is recorded by now. */
export const ADOPTED = 'adopted'

const ADOPTION_LOCK = 5_200_361_449 // Any number will do, as long as every release uses the same one.

/** A record from the database, in its place in the log. Bytes are base64 with PostgreSQL's line breaks. */
export interface PlacedRecord {
  index: number
  canonical: string
}

/**
 * Seals a record and sends it, to leave with the COMMIT; it then waits for its place in the log as entries do.
 * `recordedAt` is by the database's clock. The transaction fails if there is a record of this kind and subject already.
 */
export function appendRecord(tx: Transaction, record: Omit<LogRecord, 'id'>): void {
  const { id, kind, subject, recordedAt, canonical, entryHash } = sealRecord({ ...record, id: uuidv7() })
  send(
    tx,
    'append_record',
    sql`insert into log_records (id, kind, subject, recorded_at, canonical, entry_hash)
        values (${id}::uuid, ${kind}, ${subject}, ${iso(recordedAt)}::timestamptz,
          decode(${canonical.toString('base64')}, 'base64'), decode(${entryHash.toString('base64')}, 'base64'))`,
  )
}

/** Whether the record of a kind about a subject has been made. */
export async function isRecorded(db: Queryable, kind: string, subject: string): Promise<boolean> {
  const found = await row(db, 'find_record', sql`select from log_records where kind = ${kind} and subject = ${subject}`)
  return found !== undefined
}

/** Makes transactions that record what happened before take turns. */
export async function lockAdoption(tx: Transaction): Promise<void> {
  await rows(tx, 'lock_adoption', sql`select pg_advisory_xact_lock(${ADOPTION_LOCK}::bigint)`)
}

const OF_DAYS = [DAY_ANCHORED, FORGOTTEN_UP_TO]

/** Which records of the log are read: those before an index, and from another one. */
interface Stretch {
  start?: number
  end: number
  /** Also those of days, on which no entry hangs. */
  withDays: boolean
}

/** The records of a stretch of the log, in its order. */
export function readRecords(db: Queryable, { start = 0, end, withDays }: Stretch): Promise<PlacedRecord[]> {
  return rows<PlacedRecord>(
    db,
    'read_records',
    sql`select l.index::float8 as index, encode(r.canonical, 'base64') as canonical
        from log_leaves l join log_records r on r.id = l.record_id
        where l.record_id is not null and l.index >= ${start}::bigint and l.index < ${end}::bigint
          and (${withDays}::boolean or r.kind <> all (${texts(OF_DAYS)})) order by l.index`,
  )
}

/** How many records have their places there; one that was deleted since counts. */
export async function countRecords(db: Queryable, { start = 0, end, withDays }: Stretch): Promise<number> {
  const found = await row<{ records: number }>(
    db,
    'count_records',
    sql`select count(*)::float8 as records from log_leaves l left join log_records r on r.id = l.record_id
        where l.record_id is not null and l.index >= ${start}::bigint and l.index < ${end}::bigint
          and (${withDays}::boolean or (r.kind = any (${texts(OF_DAYS)})) is not true)`,
  )
  return found?.records ?? 0
}

/** The place of a record in the log, null while it has none; undefined if there is no such record. */
export function findRecordLeaf(
  db: Queryable,
  id: string,
): Promise<{ entryHash: string; index: number | null } | undefined> {
  return row<{ entryHash: string; index: number | null }>(
    db,
    'find_record_leaf',
    sql`select encode(r.entry_hash, 'base64') as "entryHash", l.index::float8 as index
        from log_records r left join log_leaves l on l.record_id = r.id where r.id = ${id}::uuid`,
  )
}
