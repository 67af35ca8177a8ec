import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const HOURS = 24
const LEAST_PERSONS = 20 // A few are explained by refusals and changes of mind.
const SHARE = 0.5

export const checksWithoutHandOver: AnomalyKind = {
  about: `pharmacies that asked about at least ${LEAST_PERSONS} people (\`count\` of \`total\` people asked about) to whom they handed nothing over within ${HOURS} hours of any of these checks, and these are at least ${SHARE * 100} % of everybody they asked about (\`measured\`); checks of the last ${HOURS} hours are left out`,
  find: ({ pharmacyInRemit, within }) => sql`
    select pharmacy as key, pharmacy, null as product, null as counterparty, null::timestamptz as at, '{}'::uuid[] as entries,
      '{}'::uuid[] as movements, idle as count, total, idle / total::float8 as measured, ${SHARE}::float8 as threshold
    from (
      select pharmacy, count(*) filter (where not served) as idle, count(*) as total
      from (
        select a.pharmacy, a.person_id, bool_or(exists (
          select from ledger_entries e where e.person_id = a.person_id and e.pharmacy = a.pharmacy and e.kind = 'dispensation'
            and e.recorded_at >= a.at and e.recorded_at <= a.at + make_interval(hours => ${HOURS}::int))) as served
        from accesses a join pharmacies p on p.finess = a.pharmacy
        where a.kind = 'dispensation_check' and a.person_id is not null and ${within(sql`a.at`)}
          and a.at <= clock_timestamp() - make_interval(hours => ${HOURS}::int) and ${pharmacyInRemit}
        group by a.pharmacy, a.person_id
      ) as asked
      group by pharmacy
    ) as checks
    where idle >= ${LEAST_PERSONS}::int and idle >= ${SHARE}::float8 * total`,
}
