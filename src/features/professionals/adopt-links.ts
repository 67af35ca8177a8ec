import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { lockHeads } from '../../store/ledger.ts'
import { ADOPTED, appendRecord, isRecorded, lockAdoption } from '../../store/log-records.ts'
import { numbersOf } from '../../store/persons.ts'
import { link } from './merge.ts'
import { findUnlinked } from './queries.ts'

const SUBJECT = 'links'
const BATCH = 200

/**
 * Appends the `link` entries of some merges from before every one had them, and returns how many there were: 0 at the
 * end, which is recorded. A merge that is made otherwise afterwards has none, and is found by that.
 */
export async function adoptLinks(tx: Transaction): Promise<number> {
  await lockAdoption(tx)
  if (await isRecorded(tx, ADOPTED, SUBJECT)) return 0
  const found = await findUnlinked(tx, null, BATCH)
  if (found.length === 0) {
    appendRecord(tx, { kind: ADOPTED, subject: SUBJECT, recordedAt: await readClock(tx), fields: [] })
    return 0
  }
  const records = found.map(({ personId }) => personId)
  const locked = await lockHeads(tx, [...records, ...found.map(({ rootId }) => rootId)])
  const heads = new Map(locked.map((head) => [head.personId, head]))
  // While the locks waited, a person may have been merged again or erased.
  for (const { personId, rootId, ...root } of await findUnlinked(tx, records, BATCH)) {
    const numbers = await numbersOf(tx, rootId)
    const [identifier] = numbers
    if (identifier === undefined || !heads.has(rootId)) continue
    const person = {
      profession: root.profession,
      practice: root.territory === null ? null : { territory: root.territory },
    }
    await link(tx, heads, { from: { personId: rootId, identifier }, to: { personId }, numbers }, person)
    await link(tx, heads, { from: { personId, identifier }, to: { personId: rootId }, numbers }, person)
  }
  return found.length
}
