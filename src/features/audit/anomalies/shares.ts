import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const LEAST = 3 // One or two a month can happen anywhere.
const FACTOR = 3 // Anything three times as frequent as elsewhere has a reason.

const percent = (share: number) => `${share * 100} %`

/**
 * Pharmacies with a far greater share of flagged hand-overs than all others in the remit together. Below the share
 * `floor` nothing is worth a question, however rare it is elsewhere.
 */
function share(flag: string, what: string, floor: number): AnomalyKind {
  return {
    about: `pharmacies with at least ${LEAST} hand-overs ${what}, whose share of them (\`measured\`; \`count\` of \`total\`) is above ${percent(floor)} and above ${FACTOR} times that of the other pharmacies of the remit`,
    find: ({ entriesInRemit, within }) => sql`
      select pharmacy as key, pharmacy, null as product, null as counterparty, null::timestamptz as at, '{}'::uuid[] as entries,
        '{}'::uuid[] as movements, flagged as count, total, flagged / total::float8 as measured, threshold
      from (
        select pharmacy, flagged, total, greatest(${floor}::float8, ${FACTOR}::int
          * coalesce((sum(flagged) over () - flagged) / nullif(sum(total) over () - total, 0), 0)::float8) as threshold
        from (
          select e.pharmacy, count(*) filter (where ${flag}::text = any (e.flags)) as flagged, count(*) as total
          from (${entriesInRemit}) e where e.kind = 'dispensation' and ${within(sql`e.occurred_at`)}
          group by e.pharmacy
        ) as by_pharmacy
      ) as shares
      where flagged >= ${LEAST}::int and flagged > threshold * total`,
  }
}

export const overrides = share('override', 'above the entitlement', 0.02)
export const lateShare = share('late', 'recorded late', 0.1) // An internet line that is down for a day is no anomaly.
export const veryLateShare = share('very_late', 'recorded more than 72 hours late', 0.02)
export const overAllocations = share('over_allocation', 'off line above the entitlement', 0.02)
