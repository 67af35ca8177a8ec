import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { Problem, type Refusal, refused } from '../../domain/problems.ts'
import { hold } from '../../domain/shelf.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { applyStockEffects, lockShelves } from '../../store/shelves.ts'
import { findReservation, lockReservation, type Owner } from './queries.ts'
import type { Reservation } from './schema.ts'

/** Frees a hold before its time. One that is cancelled already is answered as it is; one that ended otherwise, refused. */
export async function cancel(
  tx: Transaction,
  owner: Owner,
  id: string,
  reason: string,
): Promise<Reservation | Refusal> {
  const reservation = await lockReservation(tx, id)
  if (reservation?.status === 'collected' || reservation?.status === 'expired') {
    return refused('reservation_not_held', `The reservation is ${reservation.status}.`, {
      reservationStatus: reservation.status,
    })
  }
  if (reservation?.status === 'held') {
    const [shelf] = await lockShelves(tx, [reservation])
    if (!shelf) throw new Error('a reservation has a shelf')
    const at = await readClock(tx)
    const after = hold(shelf, -reservation.quantity)
    applyStockEffects(tx, {
      at,
      before: [shelf],
      after: [after],
      movements: [],
      ended: [{ id, status: 'cancelled', cancellationReason: reason }],
      events: [reservationEvent('reservation.cancelled', reservation), ...turningPoints([shelf], [after])],
    })
  }
  const cancelled = await findReservation(tx, owner, id)
  if (!cancelled) throw new Problem('not_found', 'There is no such reservation of yours.')
  return cancelled
}
