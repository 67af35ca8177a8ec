import type { Instant } from '../../domain/instant.ts'
import { hold, type Shelf } from '../../domain/shelf.ts'
import { type EventRecord, reservationEvent } from '../../store/events.ts'
import type { EndedHold, LockedHold } from '../../store/shelves.ts'

/** A shelf that holds no more than it has, and the reservations that ended for it. */
export interface Fitted {
  shelf: Shelf
  ended: EndedHold[]
  events: EventRecord[]
}

/** Ends the holds that have expired, then cancels the newest live ones until what is held fits on the shelf. */
export function fitHolds(shelf: Shelf, holds: readonly LockedHold[], at: Instant): Fitted {
  const expired = holds.filter(({ expiresAt }) => expiresAt <= at)
  const newestFirst = holds
    .filter(({ expiresAt }) => expiresAt > at)
    .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
  let held = newestFirst.reduce((sum, { quantity }) => sum + quantity, 0)
  const cancelled: LockedHold[] = []
  for (const newest of newestFirst) {
    if (held <= shelf.onHand) break
    cancelled.push(newest)
    held -= newest.quantity
  }
  return {
    shelf: hold(shelf, held - shelf.held),
    ended: [
      ...expired.map(({ id }) => ({ id, status: 'expired' as const })),
      ...cancelled.map(({ id }) => ({ id, status: 'cancelled' as const, cancellationReason: 'stock_shortfall' })),
    ],
    events: [
      ...expired.map((ended) => reservationEvent('reservation.expired', ended)),
      ...cancelled.map((ended) => reservationEvent('reservation.cancelled', ended)),
    ],
  }
}
