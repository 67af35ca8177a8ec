import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { publicationOf, withdrawalOf } from '../../domain/rule-record.ts'
import { ADOPTED, appendRecord, isRecorded, lockAdoption } from '../../store/log-records.ts'
import { findUnrecorded } from './queries.ts'

const SUBJECT = 'rules'

/**
 * Records the rules that were published before the log held rules, once: what each says by now, with the remark that it
 * was recorded only later. A rule that comes into the table otherwise afterwards has no record, and is found by that.
 */
export async function adoptRules(tx: Transaction): Promise<void> {
  await lockAdoption(tx)
  if (await isRecorded(tx, ADOPTED, SUBJECT)) return
  const recordedAt = await readClock(tx)
  for (const { rule, authority, isPublished, isWithdrawn } of await findUnrecorded(tx)) {
    if (!isPublished) appendRecord(tx, publicationOf(rule, authority, { recordedAt, isAdopted: true }))
    const { id, withdrawnAt } = rule
    if (withdrawnAt !== null && !isWithdrawn) appendRecord(tx, withdrawalOf({ id, withdrawnAt }, recordedAt))
  }
  appendRecord(tx, { kind: ADOPTED, subject: SUBJECT, recordedAt, fields: [] })
}
