import type { Instant } from './instant.ts'

/** Masks that a reservation sets aside on a shelf. */
export interface HeldMasks {
  id: string
  personId: string
  pharmacy: string
  product: string
  quantity: number
}

/** A locked reservation that still counts in its shelf's `held`. */
export interface LockedHold extends HeldMasks {
  expiresAt: Instant
  createdAt: Instant
}

/** A reservation to be made. */
export interface NewReservation extends HeldMasks {
  pickupCode: string
  /** For the bag at the counter; null if none was free. */
  label: string | null
  distanceMetres: number | null
  from: Instant
  until: Instant
  /** It takes the place of a hold, so that a pharmacy that takes no more reservations has none the more. */
  isReduced?: true
}

/** How a reservation ends. */
export type Ending =
  | { status: 'expired' }
  | { status: 'cancelled'; cancellationReason: string }
  | { status: 'collected'; collectedQuantity: number; collectedBy: string }

/** A hold that has ended. */
export type EndedHold = HeldMasks & Ending
