import type { LockedHold } from './holds.ts'
import type { Instant } from './instant.ts'
import { isCounted, type Movement, move, type Shelf } from './shelf.ts'

/** The newest of the live holds on a shelf, as far as what all of them hold does not fit on it. */
export function notFitting({ onHand }: Pick<Shelf, 'onHand'>, live: readonly LockedHold[]): LockedHold[] {
  const newestFirst = live.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
  let held = newestFirst.reduce((sum, { quantity }) => sum + quantity, 0)
  const cancelled: LockedHold[] = []
  for (const newest of newestFirst) {
    if (held <= onHand) break
    cancelled.push(newest)
    held -= newest.quantity
  }
  return cancelled
}

/**
 * Makes up for what left a shelf without being known to be there, so that it never goes below nothing. What the newest
 * count has seen was there.
 */
export function madeUp(
  shelf: Shelf,
  { quantity, occurredAt, at }: { quantity: number; occurredAt: Instant; at: Instant },
): { shelf: Shelf; movements: Movement[] } {
  const missing = quantity - shelf.onHand
  if (missing <= 0 || isCounted(shelf, occurredAt, at)) return { shelf, movements: [] }
  return move(shelf, { kind: 'discrepancy', quantity: missing, change: missing, occurredAt }, at)
}
