import type { EventType } from './event-types.ts'
import type { EndedHold, NewReservation } from './holds.ts'
import { iso } from './instant.ts'
import { available, type Shelf } from './shelf.ts'

/**
 * What happened to a thing (or, as its own subject, to a pharmacy), for those who follow events: what they need to act,
 * and never a national number, a name, a code or somebody's own words. `person` tells whose it is and is not shown.
 */
export interface EventRecord {
  type: EventType
  subject: string
  ids: { pharmacy?: string; person?: string; [detail: string]: unknown }
}

// Others are a pharmacy's own words, in which there may be a name.
const REASONS = [
  ...['by_professional', 'reduced', 'released', 'stock_shortfall'],
  ...['pharmacy_closed', 'pharmacy_suspended', 'reservations_closed'],
]

/** The event of a hold that ended. */
export function endedEvent(ended: EndedHold): EventRecord {
  const { status, id, personId: person, pharmacy, product, quantity } = ended
  return {
    type: `reservation.${status}`,
    subject: id,
    ids: { pharmacy, product, quantity, status, person, ...howEnded(ended) },
  }
}

function howEnded(ended: EndedHold): Record<string, unknown> {
  if (ended.status === 'collected') {
    return { collectedQuantity: ended.collectedQuantity, dispensation: ended.collectedBy }
  }
  if (ended.status === 'expired') return {}
  const { cancellationReason } = ended
  return { cancellationReason: REASONS.includes(cancellationReason) ? cancellationReason : 'other' }
}

/** The event of a reservation that was made. */
export function createdEvent({
  id,
  personId: person,
  pharmacy,
  product,
  quantity,
  label,
  until,
}: NewReservation): EventRecord {
  const ids = { pharmacy, product, quantity, status: 'held', expiresAt: iso(until), ...(label && { label }), person }
  return { type: 'reservation.created', subject: id, ids }
}

/** The event of a shelf, with what is on it now. */
export function shelfEvent(what: 'declared' | 'depleted' | 'replenished', shelf: Shelf): EventRecord {
  const { pharmacy, product, onHand, held, version } = shelf
  const ids = { pharmacy, product, onHand, held, available: available(shelf), version }
  return { type: `stock.${what}`, subject: pharmacy, ids }
}

/** The event of a pharmacy's notice, without its own words. */
export function serviceEvent(
  pharmacy: string,
  notice: { reservations: boolean; walkIns: boolean; reason: string | null; until: string | null },
): EventRecord {
  const { reservations, walkIns, reason, until } = notice
  return { type: 'service.changed', subject: pharmacy, ids: { pharmacy, reservations, walkIns, reason, until } }
}
