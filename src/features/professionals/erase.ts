import type { Transaction } from '../../db/database.ts'
import { erasureEffects } from '../../domain/erasure.ts'
import { iso } from '../../domain/instant.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { lockShelves } from '../../store/shelves.ts'
import { type Erasable, lockErasable } from './erasable.ts'
import { deletePayloads, eraseAnswers, eraseRecords, lockHolds } from './erase-queries.ts'
import type { Erasure, ErasureOrder } from './schema.ts'

/**
 * Erases a human being: all merged records, everything that names them, and their live reservations. The chains stay
 * and verify, each ending in an entry that says on whose authority and why. Throws `not_found` if nobody has this
 * number.
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

/** Erases a human being whose chains are locked and whose history may be erased. */
export async function eraseLocked(tx: Transaction, person: Erasable, order: ErasureOrder): Promise<Erasure> {
  const { at, records, heads } = person
  const personIds = records.map(({ personId }) => personId)
  const identifiers = records.flatMap((record) => record.identifiers)
  const holds = await lockHolds(tx, personIds)
  const shelves = holds.length > 0 ? await lockShelves(tx, holds) : []
  const chains = heads.filter(({ seq }) => seq > 0)
  writeEffects(tx, erasureEffects({ at, records, heads: chains, holds, shelves }, order, draw))
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
