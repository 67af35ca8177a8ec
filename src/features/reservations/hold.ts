import type { Transaction } from '../../db/database.ts'
import { send } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { available, hold, type Shelf } from '../../domain/shelf.ts'
import { type LockedHold, lockExpiredHolds, lockShelves } from '../../store/shelves.ts'

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
    send(tx, 'savepoint', sql`savepoint before_shelf`)
    const held = await holdAt(tx, candidate.finess, wanted)
    if (held) return { candidate, held }
    send(tx, 'rollback_to_savepoint', sql`rollback to savepoint before_shelf`)
  }
  return undefined
}

async function holdAt(
  tx: Transaction,
  pharmacy: string,
  { product, quantity }: Wanted,
): Promise<HeldShelf | undefined> {
  const [expired, [shelf]] = await Promise.all([
    lockExpiredHolds(tx, pharmacy, [product]),
    lockShelves(tx, [{ pharmacy, product }]),
  ])
  if (!shelf) return undefined
  const swept = hold(shelf, -expired.reduce((sum, ended) => sum + ended.quantity, 0))
  return available(swept) < quantity ? undefined : { before: shelf, after: hold(swept, quantity), expired }
}
