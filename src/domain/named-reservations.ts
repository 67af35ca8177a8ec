import type { LockedHold } from './holds.ts'
import { CLOCK_SKEW_MS, type Instant } from './instant.ts'
import type { Text } from './language.ts'
import { isPickupCode } from './pickup-code.ts'
import { type Refusal, refused } from './refusals.ts'
import { voucherExpired, voucherNotTheirs } from './voucher.ts'

/** A reservation locked for a hand-over, whatever its state. */
export interface NamedReservation extends LockedHold {
  status: 'held' | 'collected' | 'cancelled' | 'expired'
  pickupCode: string
  cancellationReason: string | null
  /** Null while it is held. */
  endedAt: Instant | null
}

/** How a hand-over names a reservation: with what only its professional was shown. */
export type NamedBy = NamedByCode | NamedByVoucher

interface NamedByCode {
  id: string
  pickupCode: string
}

/** By a voucher that this service has signed. */
export interface NamedByVoucher {
  id: string
  voucher: { pharmacy: string }
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
  reservations: readonly NamedBy[]
}

const codeWrong: Text = {
  en: 'This professional has no such reservation with this pick-up code. Check the code and the card.',
  fr: 'Ce professionnel n’a pas d’option avec ce code de retrait. Vérifiez le code et la carte.',
}

const noSuchLine: Text = {
  en: 'No line asks for the product of the reservation. Add one, or leave the reservation out.',
  fr: 'Aucune ligne ne porte sur le masque de l’option. Ajoutez-en une, ou laissez l’option de côté.',
}

/** How it stands with a reservation. */
export const became: Record<NamedReservation['status'], Text> = {
  held: { en: 'The reservation is held.', fr: 'Cette option est en cours.' },
  collected: { en: 'The reservation was collected already.', fr: 'Cette option a déjà été retirée.' },
  cancelled: { en: 'The reservation was cancelled.', fr: 'Cette option a été annulée.' },
  expired: { en: 'The reservation has expired.', fr: 'Cette option a expiré.' },
}

/** Why one of them cannot be named in this hand-over. */
export function reservationFault(facts: Named, request: Naming): Refusal | undefined {
  for (const [index, reservation] of facts.reservations.entries()) {
    const mismatch = mismatchOf(facts, request, index)
    if (mismatch) return mismatch
    const { id, status } = reservation
    if (status === 'collected' || (status === 'cancelled' && !isCutShort(facts, reservation))) {
      return refused('reservation_not_held', became[status], { reservation: id, reservationStatus: status })
    }
    if (isVoucherExpired(facts, request.reservations[index], reservation)) return voucherExpired(reservation.id)
  }
  return undefined
}

/** Why the reservation named in this place cannot be that of this person and these lines, whatever became of it. */
export function mismatchOf(
  facts: Pick<Named, 'entitlement' | 'reservations'>,
  request: Naming,
  index: number,
): Refusal | undefined {
  const reservation = facts.reservations[index] as NamedReservation
  const isTheirs = reservation.personId === facts.entitlement.person.id
  const unproven = proofFault(request.reservations[index], reservation, isTheirs)
  if (unproven) return unproven
  if (request.lines.some(({ product }) => product === reservation.product)) return undefined
  return refused('reservation_mismatch', noSuchLine, { reservation: reservation.id })
}

/** Whether a reservation set masks aside when the hand-over took place, whatever has become of it since. */
export function wasLiveAt(occurredAt: Instant, reservation: NamedReservation): boolean {
  const { status, createdAt, expiresAt, endedAt } = reservation
  // Whoever names it knew it: only their clock can have it begin later.
  const hasBegun = createdAt <= occurredAt + CLOCK_SKEW_MS
  return status !== 'collected' && hasBegun && occurredAt < expiresAt && (endedAt === null || occurredAt <= endedAt)
}

function proofFault(by: NamedBy | undefined, { id, pickupCode }: NamedReservation, isTheirs: boolean) {
  if (by && 'voucher' in by) return isTheirs ? undefined : voucherNotTheirs(id)
  // One answer whichever is wrong, or anybody with an id could ask whose it is.
  if (isTheirs && isPickupCode(by?.pickupCode ?? '', pickupCode)) return undefined
  return refused('pickup_code_wrong', codeWrong, { reservation: id })
}

// Whoever sees the voucher sees when it ends, with no network too. What was handed over before it ended stands.
function isVoucherExpired({ entitlement }: Named, by: NamedBy | undefined, { expiresAt }: NamedReservation): boolean {
  return by !== undefined && 'voucher' in by && expiresAt <= Math.min(entitlement.occurredAt, entitlement.at)
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
