import { type SQL, sql } from '../../../db/sql.ts'
import type { AnomalyKind, Scope } from './kind.ts'

const HOURS = 24
const LEAST_PERSONS = 20 // A few are explained by refusals and changes of mind.
const SHARE = 0.5

export const checksWithoutHandOver: AnomalyKind = {
  about: `pharmacies that asked about at least ${LEAST_PERSONS} people (\`count\` of \`total\` people asked about) to whom they handed nothing over within ${HOURS} hours of any of these checks, and these are at least ${SHARE * 100} % of everybody they asked about (\`measured\`); checks of the last ${HOURS} hours are left out`,
  find: (scope) => sql`
    select pharmacy as key, pharmacy, null as product, null as counterparty, null::timestamptz as at, '{}'::uuid[] as entries,
      '{}'::uuid[] as movements, idle as count, total, idle / total::float8 as measured, ${SHARE}::float8 as threshold
    from (
      select pharmacy, count(*) filter (where not served) as idle, count(*) as total
      from (${scope.isWide ? askedAcross(scope) : askedAtEach(scope)}) as asked
      group by pharmacy
    ) as checks
    where idle >= ${LEAST_PERSONS}::int and idle >= ${SHARE}::float8 * total`,
}

function settledChecks({ within }: Scope): SQL {
  return sql`(a.kind = 'dispensation_check' and a.person_id is not null and ${within(sql`a.at`)}
    and a.at <= clock_timestamp() - make_interval(hours => ${HOURS}::int))`
}

/** Whom each pharmacy asked about, and whether they were served: all checks and hand-overs are read once and joined. */
function askedAcross(scope: Scope): SQL {
  return sql`
    select a.pharmacy, bool_or(e.recorded_at is not null) as served
    from accesses a join pharmacies p on p.finess = a.pharmacy
    left join ledger_entries e on e.person_id = a.person_id and e.pharmacy = a.pharmacy and e.kind = 'dispensation'
      and e.recorded_at >= ${scope.from} and e.recorded_at >= a.at and e.recorded_at <= a.at + make_interval(hours => ${HOURS}::int)
    where ${settledChecks(scope)} and ${scope.pharmacyInRemit}
    group by a.pharmacy, a.person_id`
}

/** The same, pharmacy by pharmacy, which costs less as long as they are not most of the country's. */
function askedAtEach(scope: Scope): SQL {
  return sql`
    select p.finess as pharmacy, person.served
    from pharmacies p cross join lateral (
      select coalesce(bool_or(served_at <= at + make_interval(hours => ${HOURS}::int)) filter (where is_check), false) as served
      from (
        select *, min(at) filter (where not is_check) over (partition by person_id order by at desc) as served_at
        from (
          select a.person_id, a.at, true as is_check from accesses a where a.pharmacy = p.finess and ${settledChecks(scope)}
          union all
          select e.person_id, e.recorded_at, false from ledger_entries e
          where e.pharmacy = p.finess and e.kind = 'dispensation' and e.recorded_at >= ${scope.from}
        ) as event
      ) as followed
      group by person_id having bool_or(is_check)
    ) as person
    where ${scope.pharmacyInRemit}`
}

const MINUTES = 10 // Whoever is asked about is at the counter.
const LEAST_IN_AN_HOUR = 50 // Half of what the service lets a pharmacy ask about, as hours end in between.

export const manyChecks: AnomalyKind = {
  about: `hours, beginning at \`at\`, in which a pharmacy asked about at least ${LEAST_IN_AN_HOUR} people (\`count\` of \`total\`), each unknown number one, to whom it has handed nothing over since; checks of the last ${MINUTES} minutes are left out`,
  // Most hours are not busy, which their number alone tells.
  find: ({ pharmacyInRemit, within }) => {
    const checks = sql`a.kind = 'dispensation_check' and ${within(sql`a.at`)}
      and a.at <= clock_timestamp() - make_interval(mins => ${MINUTES}::int)`
    return sql`
    select pharmacy || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD HH24') as key, pharmacy, null as product, null as counterparty,
      hour as at, '{}'::uuid[] as entries, '{}'::uuid[] as movements, idle as count, total, idle::float8 as measured,
      ${LEAST_IN_AN_HOUR}::float8 as threshold
    from (
      select busy.pharmacy, busy.hour, count(*) as total, count(*) filter (where not exists (
        select from ledger_entries e where e.person_id = asked.who and e.pharmacy = busy.pharmacy and e.kind = 'dispensation'
          and e.recorded_at >= asked.first)) as idle
      from (
        select a.pharmacy, date_trunc('hour', a.at) as hour from accesses a join pharmacies p on p.finess = a.pharmacy
        where ${checks} and ${pharmacyInRemit} group by 1, 2 having count(*) >= ${LEAST_IN_AN_HOUR}::int
      ) as busy cross join lateral (
        select coalesce(a.person_id, a.id) as who, min(a.at) as first from accesses a
        where ${checks} and a.pharmacy = busy.pharmacy and a.at >= busy.hour and a.at < busy.hour + interval '1 hour'
        group by 1 offset 0
      ) as asked
      group by busy.pharmacy, busy.hour
    ) as hours
    where idle >= ${LEAST_IN_AN_HOUR}::int`
  },
}
