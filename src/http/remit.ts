import { sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { oneRow, row } from '../db/query.ts'
import { texts } from '../db/sql.ts'
import { Problem } from '../domain/problems.ts'
import { type Caller, pharmacyFor, professionalOf } from './caller.ts'

/**
 * Makes sure that the caller may read what is the pharmacy's own: the pharmacy itself (403 for another), or a regulator
 * whose territories it lies in (404 for another, as for one that does not exist).
 */
export async function requireReadablePharmacy(db: Queryable, caller: Caller, finess: string): Promise<void> {
  if (caller.role === 'pharmacy') pharmacyFor(caller, finess)
  const found = await row<{ territory: string }>(
    db,
    'territory_of_pharmacy',
    sql`select territory from pharmacies where finess = ${finess}`,
  )
  if (!found || (caller.role === 'regulator' && !(await reaches(db, caller.territories, found.territory)))) {
    throw new Problem('not_found', 'There is no such pharmacy.')
  }
}

/** Makes sure that a professional reads about itself alone, whichever of its numbers it names. Throws 404. */
export async function requireSelf(db: Queryable, caller: Caller, identifier: string): Promise<void> {
  const own = professionalOf(caller)
  const same = await row(
    db,
    'same_person',
    sql`select from person_identifiers i join persons p on p.id = i.person_id
        join person_identifiers o on o.identifier = ${own} join persons self on self.id = o.person_id
        where i.identifier = ${identifier} and coalesce(p.merged_into, p.id) = coalesce(self.merged_into, self.id)`,
  )
  if (!same) throw new Problem('not_found', 'There is no such professional that you may read about.')
}

/** Whether one of the territories is this one or lies above it. */
export async function reaches(db: Queryable, territories: readonly string[], territory: string): Promise<boolean> {
  const found = await oneRow<{ reached: boolean }>(
    db,
    'territory_reaches',
    sql`with recursive path as (
          select code, parent from territories where code = ${territory}
          union all select t.code, t.parent from territories t join path on t.code = path.parent
        )
        select exists (select from path where code = any (${texts(territories)})) as reached`,
  )
  return found.reached
}
