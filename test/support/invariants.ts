import type { Test } from 'tap'
import type { Database } from '../../src/db/database.ts'
import { checkNames, runCheck } from '../../src/store/invariants.ts'

/**
 * I1 to I3 hold in the tables, and nobody's sequence has a gap. Where a test moved time, windows begin anywhere; what a
 * test leaves out on purpose is not looked for.
 */
export async function invariantsHold(
  t: Test,
  db: Database,
  { timeMoved = false, leftOut = [] as string[] } = {},
): Promise<void> {
  const notHeld = timeMoved ? [...leftOut, 'check_i3_windows'] : leftOut
  for (const name of checkNames.filter((each) => !notHeld.includes(each)))
    t.same(await runCheck(db, name), [], `${name} finds nothing`)
}
