import type { LockedHold } from './effects.ts'
import type { Instant } from './instant.ts'
import { isPickupCode } from './pickup-code.ts'
import { type Refusal, refused } from './refusals.ts'

/** A reservation locked for a hand-over, whatever its state. */
export interface NamedReservation extends LockedHold {
  status: 'held' | 'collected' | 'cancelled' | 'expired'
  pickupCode: string
  cancellationReason: string | null
  /** Null while it is held. */
  endedAt: Instant | null
}

/** The reservations that a hand-over names, in its order, and what tells whether they can be collected. */
interface Named {
  entitlement: { at: Instant; occurredAt: Instant; person: { id: string } }
  reservations: NamedReservation[]
  /** Without the products that were counted since the hand-over. */
  available: ReadonlyMap<string, number>
}

interface Naming {
  lines: readonly { product: string }[]
  reservations: readonly { pickupCode: string }[]
}

/** Why one of them cannot be named in this hand-over. */
export function reservationFault(facts: Named, request: Naming): Refusal | undefined {
  for (const [index, reservation] of facts.reservations.entries()) {
    const named = { reservation: reservation.id }
    const code = request.reservations[index]?.pickupCode ?? ''
    // One answer whichever is wrong, or anybody with an id could ask whose it is.
    const isTheirs = reservation.personId === facts.entitlement.person.id
    if (!isPickupCode(code, reservation.pickupCode) || !isTheirs) {
      return refused('pickup_code_wrong', 'This professional has no such reservation with this pick-up code.', named)
    }
    if (!request.lines.some(({ product }) => product === reservation.product)) {
      return refused('reservation_mismatch', 'No line asks for the product of the reservation.', named)
    }
    const { status } = reservation
    if (status === 'collected' || (status === 'cancelled' && !isCutShort(facts, reservation))) {
      return refused('reservation_not_held', `The reservation is ${status}.`, { ...named, reservationStatus: status })
    }
  }
  return undefined
}

/** Those that set masks aside at the moment. */
export function liveOf({ reservations, entitlement: { at } }: Named): NamedReservation[] {
  return reservations.filter(({ status, expiresAt }) => status === 'held' && expiresAt > at)
}

/**
 * Whether a reservation was cancelled because a count found the masks gone that this hand-over had taken before, as is
 * known only now. It is collected, and has nothing set aside any more.
 */
export function isCutShort({ available, entitlement }: Named, reservation: NamedReservation): boolean {
  const { status, cancellationReason, endedAt, product } = reservation
  const occurredAt = Math.min(entitlement.occurredAt, entitlement.at)
  return (
    status === 'cancelled' &&
    cancellationReason === 'stock_shortfall' &&
    endedAt !== null &&
    occurredAt <= endedAt &&
    !available.has(product)
  )
}
