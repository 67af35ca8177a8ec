import type { Transaction } from '../../db/database.ts'
import { row, rows, send } from '../../db/query.ts'
import { type SQL, sql } from '../../db/sql.ts'
import { available, hold, type Shelf } from '../../domain/shelf.ts'
import { type NearbyShelf, type NearestSearch, nearestQuery, suffix } from '../../store/nearest.ts'
import { holdColumns, type LockedHold, shelfColumns } from '../../store/shelves.ts'

/** A shelf with the quantity set aside, not yet written, and the expired holds that gave way to it. */
export interface HeldShelf {
  before: Shelf
  after: Shelf
  expired: LockedHold[]
}

interface Wanted {
  product: string
  quantity: number
}

/** A pharmacy's number, or in its place the one that `markNearest` finds in the same flush. */
type At = string
export const NEAREST = 'nearest'

/** Lets go of the shelf that is locked, if one is. */
export function letGo(tx: Transaction): void {
  send(tx, 'rollback_to_savepoint', sql`rollback to savepoint before_shelf`)
}

/**
 * Finds the nearest pharmacy and leaves its number in the transaction, so that its shelf can be locked by the next statement
 * without waiting for the answer. Not by the search itself: a lock that waits makes PostgreSQL look again for the row that
 * it came by, and a walk outwards cannot be looked at again. None found marks none.
 */
export async function markNearest(
  tx: Transaction,
  search: Omit<NearestSearch, 'limit'>,
): Promise<NearbyShelf | undefined> {
  return row(
    tx,
    `nearest_with_stock_marked${suffix(search.near)}`,
    sql`select * from (${nearestQuery({ ...search, limit: 1 })}) as nearest
        where set_config('gomask.nearest', finess, true) = finess`,
  )
}

/**
 * Sets the quantity aside at the first of the pharmacies that still has it once its shelf is locked. A shelf that has
 * not is let go of before the next is waited for: who waits holds no other shelf, so that two callers who look from two
 * sides cannot block each other. No SKIP LOCKED: a busy pharmacy is still the nearest, so wait for it.
 */
export async function holdFirst<Candidate extends { finess: string }>(
  tx: Transaction,
  candidates: readonly Candidate[],
  wanted: Wanted,
): Promise<{ candidate: Candidate; held: HeldShelf } | undefined> {
  for (const candidate of candidates) {
    letGo(tx)
    const held = await holdAt(tx, { at: candidate.finess, how: '' }, wanted)
    if (held) return { candidate, held }
  }
  return undefined
}

/**
 * Sets the quantity aside if nobody else has the shelf locked. To be sent with what decides whether it is needed: who is
 * refused has then waited for no shelf, and nobody for who is refused.
 */
export function holdIfFree(tx: Transaction, at: At, wanted: Wanted): Promise<HeldShelf | undefined> {
  send(tx, 'savepoint', sql`savepoint before_shelf`)
  return holdAt(tx, { at, how: '_if_free' }, wanted)
}

interface Lock {
  at: At
  /** '_if_free' takes what it can have without waiting. */
  how: '' | '_if_free'
}

// The expired holds too: their reservations are locked before the shelf.
async function holdAt(tx: Transaction, lock: Lock, { product, quantity }: Wanted): Promise<HeldShelf | undefined> {
  const [expired, shelf] = await Promise.all([lockExpiredHolds(tx, lock, product), lockShelf(tx, lock, product)])
  if (!shelf) return undefined
  const swept = hold(shelf, -expired.reduce((sum, ended) => sum + ended.quantity, 0))
  return available(swept) < quantity ? undefined : { before: shelf, after: hold(swept, quantity), expired }
}

function lockExpiredHolds(tx: Transaction, lock: Lock, product: string): Promise<LockedHold[]> {
  return rows<LockedHold>(
    tx,
    `lock_expired_holds${nameOf(lock)}`,
    sql`select ${holdColumns} from reservations r
        where r.pharmacy = ${pharmacyOf(lock)} and r.product = ${product}
          and r.status = 'held' and r.expires_at <= clock_timestamp()
        order by r.id for update of r ${waitOf(lock)}`,
  )
}

function lockShelf(tx: Transaction, lock: Lock, product: string): Promise<Shelf | undefined> {
  return row<Shelf>(
    tx,
    `lock_shelf${nameOf(lock)}`,
    sql`select ${shelfColumns} from stock s where s.pharmacy = ${pharmacyOf(lock)} and s.product = ${product}
        for update of s ${waitOf(lock)}`,
  )
}

function pharmacyOf({ at }: Lock): SQL {
  return at === NEAREST ? sql`current_setting('gomask.nearest', true)` : sql`${at}`
}

function waitOf({ how }: Lock): SQL {
  return how === '' ? sql`` : sql`skip locked`
}

function nameOf({ at, how }: Lock): string {
  return `${how}${at === NEAREST ? '_at_nearest' : ''}`
}
