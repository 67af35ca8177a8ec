import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const LEAST = 5 // A handful may be one bad day.
const SHARE = 0.2
const MOST_NAMED = 100

/**
 * What a pharmacy told of late within an hour is taken for one batch: it may have come in several, or been sent again.
 * Of its hand-overs those stand out that say more than that the line was down.
 */
export const offlineBatch: AnomalyKind = {
  about: `hand-overs that a pharmacy recorded late within one hour, from \`at\` on, of which at least ${LEAST} (\`count\` of \`total\`; \`entries\` names up to ${MOST_NAMED}) and more than ${SHARE * 100} % (\`measured\`) are flagged \`very_late\`, \`over_allocation\`, \`stock_discrepancy\`, \`unverified\`, \`suspended\` or \`inactive_product\``,
  find: ({ entriesInRemit, within }) => sql`
    select pharmacy || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24') as key, pharmacy, null as product, null as counterparty,
      at, (entries)[1:${MOST_NAMED}::int] as entries, '{}'::uuid[] as movements, cardinality(entries) as count, total,
      cardinality(entries) / total::float8 as measured, ${SHARE}::float8 as threshold
    from (
      select e.pharmacy, date_trunc('hour', e.recorded_at, 'UTC') as hour, min(e.recorded_at) as at, count(*)::int as total,
        coalesce(array_agg(e.id order by e.id) filter (where e.flags && array[
          'very_late', 'over_allocation', 'stock_discrepancy', 'unverified', 'suspended', 'inactive_product']), '{}') as entries
      from (${entriesInRemit}) e
      where e.kind = 'dispensation' and e.flags && array['late', 'very_late'] and ${within(sql`e.occurred_at`)}
      group by e.pharmacy, date_trunc('hour', e.recorded_at, 'UTC')
    ) as batch
    where cardinality(entries) >= ${LEAST}::int and cardinality(entries) > ${SHARE}::float8 * total`,
}
