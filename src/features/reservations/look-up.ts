import type { Queryable, Transaction } from '../../db/database.ts'
import type { NamedByVoucher } from '../../domain/named-reservations.ts'
import { normalisePickupCode, requireTriesLeft } from '../../domain/pickup-code.ts'
import type { Refusal } from '../../domain/refusals.ts'
import { voucherElsewhere, voucherExpired } from '../../domain/voucher.ts'
import type { Reading } from '../../store/accesses.ts'
import { awaitTurnToLookUp, countWrongLookup, secondsUntilTry } from '../../store/pickup-code-tries.ts'
import { notHeld } from './cancel.ts'
import { notFound } from './owner.ts'
import { findByCode, findReservation } from './queries.ts'
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

/** The live reservation that a voucher names, at the pharmacy that it names. The reading is recorded. */
export async function lookUpVouched(
  db: Queryable,
  pharmacy: string,
  { id, voucher }: NamedByVoucher,
  reading: Reading,
): Promise<Reservation | Refusal> {
  if (voucher.pharmacy !== pharmacy) throw voucherElsewhere()
  const found = await findReservation(db, { pharmacies: [pharmacy] }, id, reading)
  if (!found) throw notFound()
  if (found.status === 'expired') return voucherExpired(id)
  return found.status === 'held' ? found : notHeld(found.status)
}
