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

const MINUTES = 10 // Whoever is asked about is at the counter.
const LEAST_IN_AN_HOUR = 50 // Half of what the service lets a pharmacy ask about, as hours end in between.

export const manyChecks: AnomalyKind = {
  about: `hours, beginning at \`at\`, in which a pharmacy asked about at least ${LEAST_IN_AN_HOUR} people (\`count\` of \`total\`), each unknown number one, to whom it has handed nothing over since; checks of the last ${MINUTES} minutes are left out`,
  find: ({ pharmacyInRemit, within }) => sql`
    select pharmacy || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD HH24') as key, pharmacy, null as product, null as counterparty,
      hour as at, '{}'::uuid[] as entries, '{}'::uuid[] as movements, idle as count, total, idle::float8 as measured,
      ${LEAST_IN_AN_HOUR}::float8 as threshold
    from (
      select pharmacy, hour, count(*) as total, count(*) filter (where not exists (
        select from ledger_entries e where e.person_id = asked.who and e.pharmacy = asked.pharmacy and e.kind = 'dispensation'
          and e.recorded_at >= asked.first)) as idle
      from (
        select a.pharmacy, date_trunc('hour', a.at) as hour, coalesce(a.person_id, a.id) as who, min(a.at) as first
        from accesses a join pharmacies p on p.finess = a.pharmacy
        where a.kind = 'dispensation_check' and ${within(sql`a.at`)} and ${pharmacyInRemit}
          and a.at <= clock_timestamp() - make_interval(mins => ${MINUTES}::int)
        group by 1, 2, 3
      ) as asked
      group by pharmacy, hour having count(*) >= ${LEAST_IN_AN_HOUR}::int
    ) as hours
    where idle >= ${LEAST_IN_AN_HOUR}::int`,
}
