import type { Transaction } from '../../db/database.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import { hold } from '../../domain/shelf.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { applyStockEffects, type LockedHold, lockShelves } from '../../store/shelves.ts'
import { appendErasure, type Erasable, lockErasable } from './erasable.ts'
import { deletePayloads, eraseAnswers, eraseRecords, lockHolds } from './erase-queries.ts'
import type { Erasure, ErasureOrder } from './schema.ts'

/**
 * Erases a human being: all the records that were merged, whatever names them, and their live reservations. The chains
 * stay and verify, each ending in an entry that says on whose authority and why. Throws `not_found` when
 * nobody has this number.
 */
export async function eraseProfessional(
  tx: Transaction,
  identifier: string,
  order: ErasureOrder,
  retentionDays: number,
): Promise<Erasure | Refusal> {
  const person = await lockErasable(tx, identifier, retentionDays)
  return isRefusal(person) ? person : eraseLocked(tx, person, order)
}

/** Erases a human being whose chains are locked and whose history may go. */
export async function eraseLocked(tx: Transaction, person: Erasable, order: ErasureOrder): Promise<Erasure> {
  const { at, records, heads } = person
  const personIds = records.map(({ personId }) => personId)
  const identifiers = records.flatMap((record) => record.identifiers)
  const holds = await lockHolds(tx, personIds)
  if (holds.length > 0) await cancel(tx, holds, at)
  for (const head of heads.filter(({ seq }) => seq > 0)) appendErasure(tx, head, person, order)
  const entries = await deletePayloads(tx, personIds)
  const answers = await eraseAnswers(tx, personIds, identifiers)
  await eraseRecords(tx, personIds)
  return {
    erasedAt: iso(at),
    records: records.length,
    numbers: identifiers.length,
    entries,
    answers,
    reservations: holds.length,
  }
}

async function cancel(tx: Transaction, holds: readonly LockedHold[], at: Instant): Promise<void> {
  const before = await lockShelves(tx, holds)
  const after = before.map((shelf) => {
    const freed = holds.filter(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)
    return hold(shelf, -freed.reduce((sum, { quantity }) => sum + quantity, 0))
  })
  applyStockEffects(tx, {
    at,
    before,
    after,
    movements: [],
    ended: holds.map(({ id }) => ({ id, status: 'cancelled', cancellationReason: 'erased' })),
    events: [
      ...holds.map((ended) => reservationEvent('reservation.cancelled', ended)),
      ...turningPoints(before, after),
    ],
  })
}
