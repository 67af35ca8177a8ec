import type { Test } from 'tap'
import type { Database } from '../../src/db/database.ts'
import { checkNames, runCheck } from '../../src/store/invariants.ts'

/** I1 to I3 hold in the tables, and nobody's sequence has a gap. Where a test moved time, windows begin anywhere. */
export async function invariantsHold(t: Test, db: Database, { timeMoved = false } = {}): Promise<void> {
  for (const name of checkNames.filter((each) => !(timeMoved && each === 'check_i3_windows')))
    t.same(await runCheck(db, name), [], `${name} finds nothing`)
}
