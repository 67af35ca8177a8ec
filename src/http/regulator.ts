import { sql } from 'drizzle-orm'
import { texts } from '../db/sql.ts'
import type { Caller } from './caller.ts'

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
