import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { endedAs, endingEffects } from '../../domain/effects.ts'
import { became } from '../../domain/named-reservations.ts'
import { type Refusal, refused } from '../../domain/refusals.ts'
import { writeEffects } from '../../store/effects.ts'
import { lockReservation } from './cancel-queries.ts'
import { findReservation, type Owner } from './queries.ts'
import type { Reservation } from './schema.ts'

/**
 * Ends a hold early. One that is already cancelled is returned unchanged; one that ended otherwise is refused.
 * Undefined if the owner has no such reservation or, where a pharmacy is given, not there.
 */
export async function cancel(
  tx: Transaction,
  owner: Owner,
  id: string,
  { reason, pharmacy }: { reason: string; pharmacy: string | undefined },
): Promise<Reservation | Refusal | undefined> {
  // In one flush. The clock and the reservation are read after the locks, so that both are true under them.
  const [{ locked, shelf }, at, found] = await Promise.all([
    lockReservation(tx, owner, id),
    readClock(tx),
    findReservation(tx, owner, id),
  ])
  if (!locked || !found || (pharmacy !== undefined && pharmacy !== found.pharmacy.finess)) return undefined
  if (found.status === 'cancelled') return found
  if (found.status !== 'held') return notHeld(found.status)
  if (!shelf) throw new Error('a reservation has a shelf')
  const cancelled = { status: 'cancelled', cancellationReason: reason } as const
  writeEffects(tx, endingEffects(at, [shelf], endedAs([locked], cancelled)))
  return { ...found, ...cancelled }
}

/** The refusal to change a reservation that is over. */
export function notHeld(status: Reservation['status']): Refusal {
  return refused('reservation_not_held', became[status], { reservationStatus: status })
}
