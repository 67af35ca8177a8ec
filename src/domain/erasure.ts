import { allowanceFor, type EntitlementFacts } from './beneficiary.ts'
import { type Instant, iso } from './instant.ts'
import { countsIn, DAY_MS, lastLeavesAt } from './periods.ts'
import { isRefusal, type Refusal, refused } from './refusals.ts'

/** What decides whether a professional can be erased, as read at one instant, after the locks. */
export interface RetentionFacts {
  /** The database's clock. */
  at: Instant
  /** When the newest entry was recorded; null where there is none. */
  newestEntryAt: Instant | null
  retentionDays: number
  /**
   * What judges hand-overs now: one set of facts, or for somebody without a practice one for each territory served in.
   */
  standings: EntitlementFacts[]
}

/**
 * Refuses an erasure while an entry must still be kept, or still counts in the window of a rule in force: otherwise an
 * erased person could register again and receive the same allowance twice.
 */
export function decideErasure({ at, newestEntryAt, retentionDays, standings }: RetentionFacts): Refusal | undefined {
  const kept = newestEntryAt === null ? [] : [newestEntryAt + retentionDays * DAY_MS]
  const ends = [...kept.filter((end) => end > at), ...standings.flatMap(windowEnds)]
  if (ends.length === 0) return undefined
  const until = ends.includes(null) ? null : iso(Math.max(...ends.map(Number)))
  return refused(
    'retention_running',
    `An entry of this professional must be kept, or counts in a rule’s window, ${until === null ? 'with no end in sight' : `until ${until}`}.`,
    { until },
  )
}

/** When nothing will count any more in the windows that count it now; null if nobody knows. */
function windowEnds(facts: EntitlementFacts): (Instant | null)[] {
  const products = new Set(facts.rules.flatMap((rule) => rule.products))
  return [...products].flatMap((product) => {
    const allowance = allowanceFor(facts, product)
    if (isRefusal(allowance)) return []
    const { rule, period } = allowance
    const counted = facts.receipts
      .filter((receipt) => rule.products.includes(receipt.product) && countsIn(rule.window, period, receipt.at))
      .map((receipt) => receipt.at)
    return counted.length === 0 ? [] : [lastLeavesAt(rule.window, period, counted)]
  })
}
