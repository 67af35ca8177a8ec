import type { ChainedEntry } from './chain.ts'
import { createdEvent, type EventRecord, endedEvent, shelfEvent } from './event-records.ts'
import type { EndedHold, Ending, HeldMasks, LockedHold, NewReservation } from './holds.ts'
import type { Instant } from './instant.ts'
import { available, hold, type Movement, type Shelf } from './shelf.ts'

/**
 * Everything that one decision does, stated before anything is written: the domain derives it from facts and a
 * decision, and `writeEffects` writes it. Nothing here has side effects or knows a clock.
 */
export interface Effects {
  at: Instant
  /** In the order in which they join their chains. */
  entries: ChainedEntry[]
  shelves: ShelfChange[]
  movements: RecordedMovement[]
  made: NewReservation | undefined
  ended: EndedHold[]
  events: EventRecord[]
  operator: string | undefined
}

/** Unpredictable values, drawn outside the domain. */
export interface Draw {
  /** An id that sorts after those drawn before it. */
  id(): string
  /** 32 random bytes. */
  salt(): Buffer
}

/** A shelf as locked, and as it will be. */
interface ShelfChange {
  before: Shelf
  after: Shelf
}

/** What a movement did, and what its papers and people say about it. */
export interface RecordedMovement extends Movement {
  id: string
  reference?: string | undefined
  counterparty?: string | undefined
  lot?: string | undefined
  bestBefore?: string | undefined
  /** The ledger entry that moved the stock. */
  entryId?: string | undefined
}

/** Changes to stock and reservations; `after` has the shelves of `before`, in the same order. */
interface StockChange {
  before: readonly Shelf[]
  after: readonly Shelf[]
  movements?: RecordedMovement[]
  ended?: EndedHold[]
  /** Without those of shelves that run out or are restocked, which come last. */
  events: EventRecord[]
}

/** The effects of a change of stock. Only shelves that differ are written. */
export function stockEffects(
  at: Instant,
  { before, after, movements = [], ended = [], events }: StockChange,
  operator?: string,
): Effects {
  const shelves = before
    .map((shelf, nth) => ({ before: shelf, after: after[nth] ?? shelf }))
    .filter((change) => change.after.version !== change.before.version)
  return {
    at,
    entries: [],
    shelves,
    movements,
    made: undefined,
    ended,
    events: [...events, ...stockTransitions(shelves)],
    operator,
  }
}

/** The effects of changes to different shelves at the same instant, as one. */
export function together(at: Instant, all: readonly Effects[], operator: string | undefined): Effects {
  return {
    ...{ at, entries: [], made: undefined, operator },
    shelves: all.flatMap(({ shelves }) => shelves),
    movements: all.flatMap(({ movements }) => movements),
    ended: all.flatMap(({ ended }) => ended),
    events: all.flatMap(({ events }) => events),
  }
}

/** Ends holds, and frees what they set aside. The shelves of all of them are locked. */
export function endingEffects(at: Instant, shelves: readonly Shelf[], ended: EndedHold[]): Effects {
  const after = shelves.map((shelf) => freed(shelf, ended))
  return stockEffects(at, { before: shelves, after, ended, events: ended.map(endedEvent) })
}

/** A shelf from which masks are wanted, and the expired holds on it, which give way. All are locked. */
export interface SweptShelf {
  shelf: Shelf
  expired: LockedHold[]
}

/** What a shelf has available once the expired holds have given way. */
export function availableOn({ shelf, expired }: SweptShelf): number {
  return available(freed(shelf, expired))
}

/** Sets masks aside on a shelf for a new reservation. */
export function reservationEffects({ shelf, expired }: SweptShelf, made: NewReservation): Effects {
  const ended = endedAs(expired, { status: 'expired' })
  const after = hold(freed(shelf, ended), made.quantity)
  const events = [...ended.map(endedEvent), createdEvent(made)]
  return { ...stockEffects(made.from, { before: [shelf], after: [after], ended, events }), made }
}

/** Puts a smaller reservation in the place of a hold. Its shelf is locked. */
export function reductionEffects(shelf: Shelf, held: LockedHold, made: NewReservation): Effects {
  const ended = endedAs([held], { status: 'cancelled', cancellationReason: 'reduced' })
  const after = hold(freed(shelf, ended), made.quantity)
  const events = [...ended.map(endedEvent), createdEvent(made)]
  return { ...stockEffects(made.from, { before: [shelf], after: [after], ended, events }), made }
}

/** These holds, each ending in the same way. */
export function endedAs(holds: readonly HeldMasks[], ending: Ending): EndedHold[] {
  return holds.map(({ id, personId, pharmacy, product, quantity }) => ({
    ...{ id, personId, pharmacy, product, quantity },
    ...ending,
  }))
}

/** A shelf, without what those of these holds that are on it have set aside. */
export function freed(shelf: Shelf, ended: readonly Pick<HeldMasks, 'pharmacy' | 'product' | 'quantity'>[]): Shelf {
  const here = ended.filter(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)
  return hold(shelf, -here.reduce((sum, { quantity }) => sum + quantity, 0))
}

// Depleted means that nothing is available any more, replenished that something is again.
function stockTransitions(changes: readonly ShelfChange[]): EventRecord[] {
  return changes.flatMap(({ before, after }) => {
    const has = available(after) > 0
    if (available(before) > 0 === has) return []
    return [shelfEvent(has ? 'replenished' : 'depleted', after)]
  })
}
