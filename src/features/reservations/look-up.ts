import type { Transaction } from '../../db/database.ts'
import { normalisePickupCode, requireTriesLeft } from '../../domain/pickup-code.ts'
import type { Reading } from '../../store/accesses.ts'
import { awaitTurnToLookUp, countWrongLookup, secondsUntilTry } from '../../store/pickup-code-tries.ts'
import { findByCode } from './queries.ts'
import type { Reservation } from './schema.ts'

/** The live reservation with a code at a pharmacy. If there is none, counts a wrong try and returns undefined. */
export async function lookUp(
  tx: Transaction,
  pharmacy: string,
  typed: string,
  { limitCodeTries, reading }: { limitCodeTries: boolean; reading: Reading },
): Promise<Reservation | undefined> {
  if (limitCodeTries) {
    await awaitTurnToLookUp(tx, pharmacy)
    requireTriesLeft(await secondsUntilTry(tx, pharmacy, []))
  }
  const found = await findByCode(tx, pharmacy, normalisePickupCode(typed), reading)
  if (!found) countWrongLookup(tx, pharmacy)
  return found
}
