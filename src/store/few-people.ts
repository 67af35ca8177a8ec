import type { Queryable } from '../db/database.ts'
import { rowsPlannedAnew } from '../db/query.ts'
import { type SQL, sql, texts } from '../db/sql.ts'
import { MOST_MERGED } from './by-territory.ts'
import { frozenProfessionInRemit, type Remit } from './remit.ts'

// Accesses to more people than this, out of all in a country, are found soon by a walk in time.
const MOST_PEOPLE = 2_000
const MOST_ENTRIES = 10_000

/**
 * The ids of all records of everybody whom a remit reaches, as `personInRemit` has it. Undefined where they are many;
 * to find that out costs little.
 */
export async function fewPeopleIn(db: Queryable, remit: Remit): Promise<string[] | undefined> {
  const found = await rowsPlannedAnew<{ ids: string[] | null }>(db, 'few_people_in_remit', ofFew(remit))
  const ids = found[0]?.ids ?? undefined
  return ids && ids.length <= MOST_PEOPLE ? ids : undefined
}

// Entries are counted in the indexes alone, and looked up only if they are few.
function ofFew(remit: Remit): SQL {
  const entriesWith = (condition: SQL) => sql`(
    select e.id from ledger_entries e where ${condition} limit ${MOST_ENTRIES + 1}::int)`
  return sql`
    with place as materialized (
      select distinct territory as code from territory_paths where ancestor = any (${texts(remit.territories)})
    ), practising as materialized (
      select main.id, main.profession from place join persons main on main.practice_territory = place.code
      where main.id = main.root_id limit ${MOST_PEOPLE + 1}::int
    ), served as materialized (
      select entry.id from place cross join lateral (
        ${entriesWith(sql`e.pharmacy_territory = place.code and e.kind in ('dispensation', 'reversal')`)}
        union all
        ${entriesWith(sql`e.practice_territory = place.code and e.practice_territory is distinct from e.pharmacy_territory
          and e.kind in ('dispensation', 'reversal')`)}
        union all
        ${entriesWith(sql`e.practice_territory = place.code and e.kind in ('link', 'erasure')`)}
      ) as entry limit ${MOST_ENTRIES + 1}::int
    ), person as (
      select main.id from practising main where ${frozenProfessionInRemit(sql`main`, remit)}
      union
      select record.root_id from served join ledger_entries e using (id) join persons record on record.id = e.person_id
      where ${frozenProfessionInRemit(sql`e`, remit)}
    )
    select case when (select count(*) from place) <= ${MOST_MERGED}::int
        and (select count(*) from practising) <= ${MOST_PEOPLE}::int and (select count(*) from served) <= ${MOST_ENTRIES}::int
      then (select coalesce(json_agg(record.id), '[]') from persons record where record.root_id in (select id from person))
      end as ids`
}
