import { type SQL, sql } from 'drizzle-orm'
import { texts } from '../db/sql.ts'
import { actingFor, type Caller, professionalOf } from './caller.ts'

/**
 * A condition over ledger_entries e: the entry lies in a regulator's remit, by the territories and profession frozen in
 * it. A remit names territories and reaches all below them.
 */
export function entryInRemit({ territories, professions }: Caller) {
  return sql`(
    exists (
      with recursive remit as (
        select code from territories where code = any (${texts(territories)})
        union select t.code from territories t join remit on t.parent = remit.code
      )
      select from remit where code in (e.practice_territory, e.pharmacy_territory)
    ) and (cardinality(${texts(professions)}) = 0 or e.profession = any (${texts(professions)})))`
}

/** A condition over ledger_entries e: the caller may read the entry, as its pharmacy's, its own, or in its remit. */
export function entryReadableBy(caller: Caller): SQL {
  switch (caller.role) {
    case 'pharmacy':
      return sql`e.pharmacy = any (${texts(actingFor(caller))})`
    case 'professional':
      return sql`e.person_id in (
        select p.id from person_identifiers i join persons known on known.id = i.person_id
        join persons p on coalesce(p.merged_into, p.id) = coalesce(known.merged_into, known.id)
        where i.identifier = ${professionalOf(caller)})`
    case 'regulator':
      return entryInRemit(caller)
    case 'admin':
      return sql`false`
  }
}
