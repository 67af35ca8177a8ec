import type { Queryable } from '../db/database.ts'
import { oneRow, row } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { type Caller, professionalOf } from './caller.ts'
import { Problem } from './problem.ts'

/** Makes sure that the pharmacy exists and, for a regulator, lies in its territories. Throws 404. */
export async function requireReadablePharmacy(db: Queryable, caller: Caller, finess: string): Promise<void> {
  const found = await row(
    db,
    'readable_pharmacy',
    sql`select from pharmacies where finess = ${finess} and (${caller.role}::text <> 'regulator' or exists (
          with recursive path as (
            select code, parent from territories where code = pharmacies.territory
            union all select t.code, t.parent from territories t join path on t.code = path.parent
          )
          select from path where code = any (${texts(caller.territories)})))`,
  )
  if (!found) throw new Problem('not_found', 'There is no such pharmacy.')
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
