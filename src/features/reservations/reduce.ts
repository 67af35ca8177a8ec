import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { reductionEffects } from '../../domain/effects.ts'
import { iso } from '../../domain/instant.ts'
import { phrase } from '../../domain/language.ts'
import { invalid, type Refusal } from '../../domain/refusals.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { notHeld } from './cancel.ts'
import { lockReservation } from './cancel-queries.ts'
import { findReservation } from './queries.ts'
import type { Reservation } from './schema.ts'
import type { Vouch } from './vouch.ts'

/**
 * Puts a smaller reservation in the place of a live one, with the same code and end. The old one stays as it was, as
 * decisions were made by it. Nothing is judged, since less is held than before. Undefined if the professional has no
 * such reservation.
 */
export async function reduce(
  tx: Transaction,
  professional: string,
  id: string,
  quantity: number,
  vouch: Vouch,
): Promise<Reservation | Refusal | undefined> {
  // In one flush. The clock and the reservation are read after the locks, so that both are true under them.
  const [{ locked, shelf }, at, found] = await Promise.all([
    lockReservation(tx, { professional }, id),
    readClock(tx),
    findReservation(tx, { professional }, id),
  ])
  if (!locked || !found) return undefined
  if (found.status !== 'held') return notHeld(found.status)
  if (quantity >= found.quantity) {
    const most = found.quantity
    throw invalid('quantity', {
      en: phrase`must be less than the ${most} of the reservation`,
      fr: phrase`doit être inférieure aux ${most} de l’option`,
    })
  }
  if (!shelf || found.pickupCode === undefined) throw new Error('a reservation of one’s own has a shelf and a code')
  const { personId, pharmacy, product, expiresAt } = locked
  const made = {
    ...{ id: draw.id(), personId, pharmacy, product, quantity, pickupCode: found.pickupCode },
    label: found.label ?? null, // The bag keeps its own.
    ...{ distanceMetres: found.distanceMetres ?? null, from: at, until: expiresAt },
    isReduced: true as const,
  }
  const answer = vouch(professional, { ...found, id: made.id, quantity, createdAt: iso(at) })
  writeEffects(tx, reductionEffects(shelf, locked, made))
  return answer
}
