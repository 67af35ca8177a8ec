import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const DAYS = 7 // Entitlement given back at one place and used at another, within the window of most rules.

export const reversedThenElsewhere: AnomalyKind = {
  about: `a reversal, and within ${DAYS} days (\`measured\`) a hand-over of the same product to the same person at another pharmacy, \`counterparty\`; \`entries\` names both, which are in the remit`,
  find: ({ entryInRemit, within }) => sql`
    with reversal as (
      select distinct e.id, e.pharmacy, e.recorded_at, l.product, r.root_id as root
      from ledger_entries e join persons r on r.id = e.person_id join ledger_lines l on l.entry_id = e.id
      where e.kind = 'reversal' and e.reverses is not null and ${within(sql`e.recorded_at`)} and ${entryInRemit}
    )
    select b.id || ' ' || e.id || ' ' || b.product as key, b.pharmacy, b.product, e.pharmacy as counterparty, e.occurred_at as at,
      array[b.id, e.id] as entries, '{}'::uuid[] as movements, null::int as count, null::int as total,
      (extract(epoch from e.occurred_at - b.recorded_at) / 86400)::float8 as measured, ${DAYS}::float8 as threshold
    from reversal b join persons r on r.root_id = b.root join ledger_entries e on e.person_id = r.id
    where e.kind = 'dispensation' and e.pharmacy <> b.pharmacy and e.occurred_at > b.recorded_at
      and e.occurred_at <= b.recorded_at + make_interval(days => ${DAYS}::int) and ${entryInRemit}
      and exists (select from ledger_lines l where l.entry_id = e.id and l.product = b.product)`,
}
