import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import type { Access } from '../../store/accesses.ts'
import { type AccessRow, accessColumns } from '../../store/own-accesses.ts'
import { mainIdentifier } from '../../store/persons.ts'
import { personInRemit, pharmacyInRemit } from '../../store/remit.ts'
import { type TimePage, timePage } from '../../store/time-page.ts'

/**
 * The accesses in a regulator's remit, newest first: to people in it, to lists of pharmacies in it, and its own. The
 * professional is named if in the remit. Each filter that has its own index has its own statement, since one plan would
 * not suit them all.
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
): Promise<(AccessRow & { professional: string | null; personId: string | null })[]> {
  const inRemit = personInRemit(sql`a.person_id`, regulator)
  const records = sql`select id from persons where root_id = ${personId}::uuid`
  const ofPerson = personId && sql`and (a.person_id in (${records}) or a.person_ids && array(${records}))`
  // A list shows many people, so nobody is named except somebody who was asked about.
  const named = personId ? mainIdentifier(sql`${personId}::uuid`) : sql`null`
  const byReader = reader && sql`and a.reader = ${reader}`
  return rows(
    db,
    `list_accesses${ofPerson ? '_to_person' : ''}${byReader ? '_by_reader' : ''}`,
    sql`select ${accessColumns}, case when ${inRemit} then ${mainIdentifier(sql`a.person_id`)}
          when a.person_ids is not null then ${named} end as professional,
          case when ${inRemit} then a.person_id end as "personId"
        from accesses a
        where ((a.reader_role, a.reader) = (${regulator.role}, ${regulator.subject}) or ${inRemit}
            or a.person_ids is not null and ${personId ? sql`true` : pharmacyInRemit(sql`a.pharmacy`, regulator)})
          ${ofPerson || sql``} ${byReader || sql``} and a.kind = coalesce(${kind ?? null}, a.kind)
          and (a.kind <> 'accesses' or a.person_ids is null or ${kind ?? null}::text is not null) and ${timePage(sql`a`, page)}`,
  )
}
