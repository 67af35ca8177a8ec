import type { Queryable } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { instant, sql, texts } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** A published checkpoint. */
export interface PublishedCheckpoint {
  size: number
  note: string
  publishedAt: Instant
}

/** The newest checkpoint; undefined before the first. */
export function newestCheckpoint(db: Queryable): Promise<PublishedCheckpoint | undefined> {
  return row(
    db,
    'newest_checkpoint',
    sql`select size::float8, note, ${instant(sql`published_at`)} as "publishedAt" from log_checkpoints order by size desc limit 1`,
  )
}

/** Publishes a checkpoint. If two instances sign the same size, the first one's is kept. */
export async function insertCheckpoint(db: Queryable, size: number, note: string): Promise<void> {
  await rows(
    db,
    'insert_checkpoint',
    sql`insert into log_checkpoints (size, note) values (${size}::bigint, ${note}) on conflict do nothing`,
  )
}

/** The verifier keys of all checkpoints ever signed, oldest first. */
export async function knownKeys(db: Queryable): Promise<string[]> {
  const found = await rows<{ line: string }>(
    db,
    'known_log_keys',
    sql`select verifier_key as line from log_keys order by first_used_at, verifier_key`,
  )
  return found.map(({ line }) => line)
}

/** Records the keys that sign from now on. */
export async function recordKeys(db: Queryable, lines: readonly string[]): Promise<void> {
  await rows(
    db,
    'record_log_keys',
    sql`insert into log_keys (verifier_key) select unnest(${texts(lines)}) on conflict do nothing`,
  )
}
