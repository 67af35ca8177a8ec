import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { instant, sql } from '../db/sql.ts'
import { type LogRecord, unsealRecord } from '../domain/log-record.ts'
import { leafHash } from '../domain/merkle.ts'

interface StoredRecord extends Omit<LogRecord, 'fields'> {
  canonical: string
  entryHash: string
}

/** A record that is not what was sealed. */
interface RecordBreach {
  invariant: 'I6'
  row: string
  found: string
}

/** The records whose columns or hash differ from their sealed bytes. */
export async function recordBreaches(db: Queryable): Promise<RecordBreach[]> {
  const stored = await rows<StoredRecord>(
    db,
    'stored_records',
    sql`select id, kind, subject, ${instant(sql`recorded_at`)} as "recordedAt", encode(canonical, 'base64') as canonical,
          encode(entry_hash, 'base64') as "entryHash" from log_records order by id`,
  )
  return stored.flatMap((record) => {
    const found = faultOf(record)
    return found === undefined ? [] : [{ invariant: 'I6', row: `log record ${record.kind} ${record.subject}`, found }]
  })
}

function faultOf({ canonical, entryHash, ...columns }: StoredRecord): string | undefined {
  const bytes = Buffer.from(canonical, 'base64')
  if (leafHash(bytes).toString('base64') !== entryHash) return 'its hash is not that of its sealed bytes'
  const sealed = unsealRecord(bytes.toString())
  if (!sealed) return 'its sealed bytes are not those of a record'
  const names = ['id', 'kind', 'subject', 'recordedAt'] as const
  const other = names.find((name) => columns[name] !== sealed[name])
  return other && `its stored columns differ from the sealed bytes (${other})`
}
