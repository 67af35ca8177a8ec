import { sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { texts } from '../db/sql.ts'

/**
 * The person known by an identifier, and whether a regulator's remit reaches it: by its practice's territory, or by an
 * entry whose frozen territories lie in the remit. Undefined when nobody has this identifier.
 */
export function findPersonInRemit(
  db: Queryable,
  { territories, professions }: { territories: string[]; professions: string[] },
  identifier: string,
): Promise<{ personId: string; inRemit: boolean } | undefined> {
  return row(
    db,
    'find_person_in_remit',
    sql`with recursive remit as (
          select code from territories where code = any (${texts(territories)})
          union select t.code from territories t join remit on t.parent = remit.code
        )
        select root.id as "personId",
          (root.practice_territory in (select code from remit)
              and (cardinality(${texts(professions)}) = 0 or root.profession = any (${texts(professions)})))
            is true
          or exists (
            select from ledger_entries e join persons p on p.id = e.person_id
            where coalesce(p.merged_into, p.id) = root.id
              and (e.practice_territory in (select code from remit) or e.pharmacy_territory in (select code from remit))
              and (cardinality(${texts(professions)}) = 0 or e.profession = any (${texts(professions)}))
          ) as "inRemit"
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = coalesce(known.merged_into, known.id)
        where i.identifier = ${identifier}`,
  )
}
