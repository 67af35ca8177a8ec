import type { Queryable, Transaction } from '../db/database.ts'
import { oneRow, rows, send } from '../db/query.ts'
import { json, sql } from '../db/sql.ts'
import { edgeOf, edgeTiles, grow, rootOfEdge, type Tile } from '../domain/merkle.ts'
import { readTiles } from './merkle-log-proofs.ts'
import { addToTotals } from './totals.ts'

const BATCH = 4_096 // A few hundred milliseconds; a backlog takes several transactions.
const LOCK = 5_200_361_448 // Any number will do, as long as every release uses the same one.

/** How far the log reaches. */
export interface LogState {
  size: number
  /** How many of its entries the newest checkpoint covers. */
  publishedSize: number
  /** How long the oldest entry without a place has waited, in seconds; 0 when there is none. */
  oldestPendingSeconds: number
}

export function readLogState(db: Queryable): Promise<LogState> {
  return oneRow(
    db,
    'log_state',
    sql`select size::float8, coalesce((select max(size) from log_checkpoints), 0)::float8 as "publishedSize", coalesce((
          select extract(epoch from clock_timestamp() - coalesce(
            (select recorded_at from ledger_entries where id = p.entry_id),
            (select recorded_at from log_records where id = p.record_id)))::float8
          from log_pending p order by p.position limit 1), 0) as "oldestPendingSeconds"
        from log_state`,
  )
}

/**
 * Gives the next entries without a place in the log theirs, and returns how many: 0 if there are none, or if another
 * instance is doing it. Should two run side by side after all, only one can advance: the places are a primary key, and
 * the size advances only from the size that was read.
 */
export async function sequence(tx: Transaction): Promise<number> {
  const { free } = await oneRow<{ free: boolean }>(
    tx,
    'lock_log',
    sql`select pg_try_advisory_xact_lock(${LOCK}::bigint) as free`,
  )
  return free ? sequenceBatch(tx) : 0
}

/**
 * Gives waiting entries their places until the log has `size` entries, and returns how many it has then: fewer if not
 * so many wait. To be rolled back if the root is not what it should be.
 */
export async function sequenceUpTo(tx: Transaction, size: number): Promise<number> {
  let { size: reached } = await readLogState(tx)
  for (let placed = 1; placed > 0 && reached < size; reached += placed) {
    placed = await sequenceBatch(tx, Math.min(BATCH, size - reached))
  }
  return reached
}

/**
 * Places a batch, whoever else may be doing so: the advisory lock only saves work.
 * @internal
 */
export async function sequenceBatch(tx: Transaction, most = BATCH): Promise<number> {
  const [{ size }, pending] = await Promise.all([readLogState(tx), readPending(tx, most)])
  if (pending.length === 0) return 0
  const before = edgeOf(size, await readTiles(tx, edgeTiles(size)))
  const { edge, tiles } = grow(
    before,
    pending.map(({ entryHash }) => Buffer.from(entryHash, 'base64')),
  )
  insertLeaves(tx, pending, size)
  storeTiles(tx, tiles)
  addToTotals(
    tx,
    pending.flatMap(({ entryId }) => entryId ?? []),
  )
  advance(tx, size, edge.size, rootOfEdge(edge))
  return pending.length
}

/** What waits for its place: an entry about a person, or a record about nobody. */
interface Pending {
  position: number
  entryId: string | null
  recordId: string | null
  entryHash: string
}

// By subqueries, so that the planner, who knows little of a table that is always nearly empty, reads by key.
function readPending(tx: Transaction, most: number): Promise<Pending[]> {
  return rows(
    tx,
    'read_pending',
    sql`select position::float8, entry_id as "entryId", record_id as "recordId", encode(entry_hash, 'base64') as "entryHash"
        from (
          select p.*, coalesce((select entry_hash from ledger_entries where id = p.entry_id),
            (select entry_hash from log_records where id = p.record_id)) as entry_hash
          from log_pending p order by p.position offset 0) as waiting
        where entry_hash is not null order by waiting.position limit ${most}::int`,
  )
}

function insertLeaves(tx: Transaction, taken: readonly Pending[], size: number): void {
  const leaves = taken.map(({ position, entryId, recordId }, nth) => ({
    position,
    entry_id: entryId,
    record_id: recordId,
    index: size + nth,
  }))
  send(
    tx,
    'insert_leaves',
    sql`with leaf as (
          select index, entry_id, record_id, position
          from jsonb_to_recordset(${json(leaves)}) as l(index bigint, entry_id uuid, record_id uuid, position bigint)
        ), taken as (
          delete from log_pending where position in (select position from leaf) returning 1
        ), placed as (
          insert into log_leaves (index, entry_id, record_id) select index, entry_id, record_id from leaf
          on conflict do nothing returning 1
        )
        select unchanged_or_fail((select count(*) from taken), ${leaves.length}::int),
          unchanged_or_fail((select count(*) from placed), ${leaves.length}::int)`,
  )
}

function storeTiles(tx: Transaction, tiles: readonly Tile[]): void {
  const stored = tiles.map(({ level, index, hashes }) => ({
    level,
    index,
    hashes: Buffer.concat(hashes).toString('hex'),
  }))
  send(
    tx,
    'store_tiles',
    sql`insert into log_tiles (level, index, hashes)
        select level, index, decode(hashes, 'hex') from jsonb_to_recordset(${json(stored)}) as t(level smallint, index bigint, hashes text)
        on conflict (level, index) do update set hashes = excluded.hashes`,
  )
}

function advance(tx: Transaction, from: number, to: number, root: Buffer): void {
  send(
    tx,
    'advance_log',
    sql`with advanced as (
          update log_state set size = ${to}::bigint, root = decode(${root.toString('hex')}, 'hex')
          where size = ${from}::bigint returning 1
        )
        select unchanged_or_fail((select count(*) from advanced), 1)`,
  )
}
