import { sql } from 'drizzle-orm'
import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { instant } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import type { Access } from '../../store/accesses.ts'
import { mainIdentifier, recordsOf } from '../../store/persons.ts'
import { personInRemit } from '../../store/remit.ts'
import { exportsCovering } from '../../store/selection.ts'
import { type TimePage, timePage } from '../../store/time-page.ts'

/** A reading of a person's data, as it was recorded. */
export interface AccessRow {
  id: string
  at: Instant
  kind: Access['kind']
  role: string
  reader: string
  pharmacy: string | null
  operator: string | null
  outcome: string
}

const columns = sql`
  a.id, ${instant(sql`a.at`)} as at, a.kind, a.reader_role as role, a.reader, a.pharmacy, a.operator, a.outcome`

/** Who looked at a professional's data, newest first. */
export function listOwnAccesses(db: Queryable, identifier: string, page: TimePage): Promise<AccessRow[]> {
  return rows(
    db,
    'list_own_accesses',
    sql`with own as (
          select id, at, kind, reader_role, reader, pharmacy, operator, outcome from accesses
          where person_id in ${recordsOf(identifier)}
          -- An export is one access, whoever it showed; one of a named person has its person_id.
          union all
          select id, at, kind, reader_role, reader, pharmacy, operator, outcome from accesses a
          where person_id is null and ${exportsCovering(sql`select id from ${recordsOf(identifier)} as record`)}
        )
        select ${columns} from own a where ${timePage(sql`a`, page)}`,
  )
}

/**
 * The accesses to persons in a regulator's remit, and its own, newest first. The professional is named where it is in the
 * remit. A statement for each filter with an index of its own: one plan would not do for all.
 */
export function listAccesses(
  db: Queryable,
  regulator: Caller,
  {
    personId,
    reader,
    kind,
    ...page
  }: TimePage & { personId: string | undefined; reader: string | undefined; kind: Access['kind'] | undefined },
): Promise<(AccessRow & { professional: string | null })[]> {
  const inRemit = personInRemit(sql`a.person_id`, regulator)
  const ofPerson =
    personId &&
    sql`and a.person_id in (select id from persons where id = ${personId}::uuid or merged_into = ${personId}::uuid)`
  const byReader = reader && sql`and a.reader = ${reader}`
  return rows(
    db,
    `list_accesses${ofPerson ? '_to_person' : ''}${byReader ? '_by_reader' : ''}`,
    sql`select ${columns}, case when ${inRemit} then ${mainIdentifier(sql`a.person_id`)} end as professional
        from accesses a
        where ((a.reader_role, a.reader) = (${regulator.role}, ${regulator.subject}) or ${inRemit})
          ${ofPerson || sql``} ${byReader || sql``} and a.kind = coalesce(${kind ?? null}, a.kind) and ${timePage(sql`a`, page)}`,
  )
}
