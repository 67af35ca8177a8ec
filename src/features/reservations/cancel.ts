import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { type Refusal, refused } from '../../domain/refusals.ts'
import { hold } from '../../domain/shelf.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { applyStockEffects } from '../../store/shelves.ts'
import { lockReservation } from './cancel-queries.ts'
import { findReservation, type Owner } from './queries.ts'
import type { Reservation } from './schema.ts'

/**
 * Frees a hold before its time. One that is cancelled already is answered as it is; one that ended otherwise, refused.
 * Undefined when the owner has no such reservation or, if said, not at this pharmacy.
 */
export async function cancel(
  tx: Transaction,
  owner: Owner,
  id: string,
  { reason, pharmacy }: { reason: string; pharmacy: string | undefined },
): Promise<Reservation | Refusal | undefined> {
  // In one flush: whether it has expired and what it is now is read by later statements than the locks.
  const [{ locked, shelf }, at, found] = await Promise.all([
    lockReservation(tx, owner, id),
    readClock(tx),
    findReservation(tx, owner, id),
  ])
  if (!locked || !found || (pharmacy !== undefined && pharmacy !== found.pharmacy.finess)) return undefined
  if (found.status === 'cancelled') return found
  if (found.status !== 'held') {
    return refused('reservation_not_held', `The reservation is ${found.status}.`, { reservationStatus: found.status })
  }
  if (!shelf) throw new Error('a reservation has a shelf')
  const after = hold(shelf, -locked.quantity)
  applyStockEffects(tx, {
    at,
    before: [shelf],
    after: [after],
    movements: [],
    ended: [{ id, status: 'cancelled', cancellationReason: reason }],
    events: [reservationEvent('reservation.cancelled', locked), ...turningPoints([shelf], [after])],
  })
  return { ...found, status: 'cancelled', cancellationReason: reason }
}
