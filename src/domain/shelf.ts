import type { Instant } from './instant.ts'

/** The stock of one product at one pharmacy. 0 ≤ held ≤ onHand; `version` grows with every change. */
export interface Shelf {
  pharmacy: string
  product: string
  onHand: number
  held: number
  version: number
  /** Of the last count; null before the first. */
  countedAt: Instant | null
}

export type MovementKind =
  | 'delivery'
  | 'loss'
  | 'return_to_supplier'
  | 'transfer_in'
  | 'transfer_out'
  | 'count'
  | 'count_absorbed'
  | 'dispensation'
  | 'reversal'
  | 'discrepancy'

/** What happened to a shelf: `quantity` is what was declared, `change` what it did to the stock on hand. */
export interface Movement {
  pharmacy: string
  product: string
  /** The shelf's version after it; no two movements of a shelf share one. */
  version: number
  kind: MovementKind
  quantity: number
  change: number
  occurredAt: Instant
}

/** A shelf after a change, and the movements that explain it. */
export interface Moved {
  shelf: Shelf
  movements: Movement[]
}

/** What is on hand and not promised. */
export function available(shelf: Shelf): number {
  return shelf.onHand - shelf.held
}

/** Sets masks aside (a positive quantity) or frees them (a negative one). */
export function hold(shelf: Shelf, quantity: number): Shelf {
  return quantity === 0 ? shelf : { ...shelf, held: shelf.held + quantity, version: shelf.version + 1 }
}

/**
 * Whether the newest count has seen what occurred then. Whatever is recorded at `at` has occurred by then, even if a
 * caller's clock runs ahead.
 */
export function isCounted({ countedAt }: Shelf, occurredAt: Instant, at: Instant): boolean {
  return countedAt !== null && Math.min(occurredAt, at) <= countedAt
}

/** What moves onto a shelf (`change` > 0) or off it, and when by the caller's clock. */
type Move = Pick<Movement, 'kind' | 'quantity' | 'change' | 'occurredAt'>

/**
 * Moves masks onto a shelf or off it. A movement that the newest count has seen is in that count, so an equal
 * `count_absorbed` movement takes it back.
 */
export function move(shelf: Shelf, { kind, quantity, change, occurredAt }: Move, at: Instant): Moved {
  const moved = step(shelf, kind, quantity, change, occurredAt)
  if (!isCounted(shelf, occurredAt, at)) return moved
  const absorbed = step(moved.shelf, 'count_absorbed', quantity, -change, occurredAt)
  return { shelf: absorbed.shelf, movements: [...moved.movements, ...absorbed.movements] }
}

/** Sets the stock on hand to what was counted plus `since`, the movements after `countedAt`. Never below 0. */
export function count(shelf: Shelf, counted: number, since: number, countedAt: Instant): Moved {
  const change = Math.max(0, counted + since) - shelf.onHand
  const moved = step(shelf, 'count', Math.abs(change), change, countedAt)
  return { ...moved, shelf: { ...moved.shelf, countedAt } }
}

/** Records a count that a newer one has superseded: it changes nothing. */
export function supersededCount(shelf: Shelf, countedAt: Instant): Moved {
  return step(shelf, 'count', 0, 0, countedAt)
}

function step(shelf: Shelf, kind: MovementKind, quantity: number, change: number, occurredAt: Instant): Moved {
  const after = { ...shelf, onHand: shelf.onHand + change, version: shelf.version + 1 }
  const { pharmacy, product, version } = after
  return { shelf: after, movements: [{ pharmacy, product, version, kind, quantity, change, occurredAt }] }
}
