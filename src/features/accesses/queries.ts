import type { Queryable } from '../../db/database.ts'
import { rowsPlannedAnew } from '../../db/query.ts'
import { type SQL, sql, uuids } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import type { Access } from '../../store/accesses.ts'
import { fewPeopleIn } from '../../store/few-people.ts'
import { type AccessRow, accessColumns } from '../../store/own-accesses.ts'
import { mainIdentifier } from '../../store/persons.ts'
import { personInRemit, pharmacyInRemit, territoriesOf } from '../../store/remit.ts'
import { newestFirst, onTimePage, type TimePage } from '../../store/time-page.ts'

type Found = AccessRow & { professional: string | null; personId: string | null }

/**
 * The accesses in a regulator's remit, newest first: to people in it, to lists of pharmacies in it, and its own. The
 * professional is named if in the remit.
 */
export async function listAccesses(
  db: Queryable,
  regulator: Caller,
  {
    personId,
    reader,
    kind,
    ...page
  }: TimePage & { personId: string | undefined; reader: string | undefined; kind: Access['kind'] | undefined },
): Promise<Found[]> {
  const inRemit = personInRemit(sql`a.person_id`, regulator)
  const records = sql`select id from persons where root_id = ${personId}::uuid`
  const ofPerson = personId && sql`and (a.person_id in (${records}) or a.person_ids && array(${records}))`
  // A list shows many people, so nobody is named except somebody who was asked about.
  const named = personId ? mainIdentifier(sql`${personId}::uuid`) : sql`null`
  const byReader = reader && sql`and a.reader = ${reader}`
  const matching = sql`${ofKind(kind)} and ${onTimePage(sql`a`, page)}`
  const people = personId || reader ? undefined : await fewPeopleIn(db, regulator)
  return rowsPlannedAnew(
    db,
    'list_accesses',
    sql`select ${accessColumns}, case when ${inRemit} then ${mainIdentifier(sql`a.person_id`)}
          when a.person_ids is not null then ${named} end as professional,
          case when ${inRemit} then a.person_id end as "personId"
        from accesses a
        where ((a.reader_role, a.reader) = (${regulator.role}, ${regulator.subject}) or ${inRemit}
            or a.person_ids is not null and ${personId ? sql`true` : pharmacyInRemit(sql`a.pharmacy`, regulator)})
          ${ofPerson || sql``} ${byReader || sql``} ${people ? sql`and ${amongNewestTo(people, regulator, matching, page.limit)}` : sql``}
          and ${matching} ${newestFirst(sql`a`, page)}`,
  )
}

// The index by kind has no checks, so that a check need not write to it.
function ofKind(kind: Access['kind'] | undefined): SQL {
  if (kind === undefined) return sql`(a.kind <> 'accesses' or a.person_ids is null)`
  return kind === 'dispensation_check'
    ? sql`a.kind = ${kind}`
    : sql`(a.kind = ${kind} and a.kind <> 'dispensation_check')`
}

/**
 * A condition that only the newest accesses to these people meet, or to lists of the remit's pharmacies, or by the
 * regulator: at most `limit`, of those that meet `matching` too. Where there are few, they would be found only after
 * nearly everything else.
 */
function amongNewestTo(people: readonly string[], regulator: Caller, matching: SQL, limit: number): SQL {
  const newest = (condition: SQL) => sql`(
    select a.id, a.at from accesses a where ${condition} and ${matching} order by a.at desc, a.id desc limit ${limit}::int)`
  return sql`a.id = any (array(select newest.id from (
      ${newest(sql`a.reader_role = ${regulator.role} and a.reader = ${regulator.subject}`)}
      union all
      select access.id, access.at from unnest(${uuids(people)}) as person(id)
        cross join lateral ${newest(sql`a.person_id = person.id`)} as access
      union all
      select access.id, access.at from pharmacies p
        cross join lateral ${newest(sql`a.pharmacy = p.finess and a.person_ids is not null and a.kind <> 'dispensation_check'`)} as access
      where p.territory in ${territoriesOf(regulator)}
    ) as newest
    group by newest.id, newest.at order by newest.at desc, newest.id desc limit ${limit}::int))`
}
