import type { Test } from 'tap'
import type { Database } from '../../src/db/database.ts'
import { checkNames, runCheck } from '../../src/store/invariants.ts'

/** I1 to I3 hold in the tables, and nobody's sequence has a gap. */
export async function invariantsHold(t: Test, db: Database): Promise<void> {
  for (const name of checkNames) t.same(await runCheck(db, name), [], `${name} finds nothing`)
}
