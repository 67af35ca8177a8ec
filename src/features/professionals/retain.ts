import type { Transaction } from '../../db/database.ts'
import { erasureEffects } from '../../domain/erasure.ts'
import { isRefusal } from '../../domain/refusals.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { type Erasable, lockErasable } from './erasable.ts'
import { eraseLocked } from './erase.ts'
import { deletePayloads, eraseAnswers } from './erase-queries.ts'
import { type PersonalPeriods, personsWithPayloads, readDue } from './retain-queries.ts'

const AUTHORITY = 'retention'

/** What has been, or would be, forgotten about a person. */
export type Forgotten = 'history' | 'names' | 'nothing'

/**
 * Forgets what is due about a person, judged again under the locks: names with everything that they name, or else whom
 * the entries are about. Forgets nothing while an entry counts in a window or a reservation is live. `dryRun` only says
 * what would be done. Throws `not_found` if nobody has this number any more.
 */
export async function forget(
  tx: Transaction,
  identifier: string,
  periods: PersonalPeriods,
  { dryRun }: { dryRun: boolean },
): Promise<Forgotten> {
  const person = await lockErasable(tx, identifier, periods.ledgerDays)
  if (isRefusal(person)) return 'nothing'
  const due = await readDue(tx, periods, identifier)
  if (due?.names) {
    const order = { authority: AUTHORITY, reason: `not seen for ${periods.nameDays} days` }
    if (!dryRun) await eraseLocked(tx, person, order)
    return 'names'
  }
  if (!due?.history) return 'nothing'
  if (!dryRun) await forgetHistory(tx, person, periods.ledgerDays)
  return 'history'
}

/** Deletes whom the entries are about; the person stays in the directory, and the history under the surrogate. */
async function forgetHistory(tx: Transaction, person: Erasable, days: number): Promise<void> {
  const personIds = person.records.map(({ personId }) => personId)
  const named = await personsWithPayloads(tx, personIds)
  const order = { authority: AUTHORITY, reason: `kept for ${days} days` }
  const heads = person.heads.filter(({ personId }) => named.includes(personId))
  writeEffects(tx, erasureEffects({ ...person, heads, holds: [], shelves: [] }, order, draw))
  await deletePayloads(tx, personIds)
  await eraseAnswers(tx, personIds, [])
}
