import type { Queryable } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { noSuch } from '../../domain/named.ts'
import type { Caller } from '../../http/caller.ts'
import { liesWithin } from '../../store/territories.ts'

/** Makes sure that the pharmacy exists and, for a regulator, is in its territories. Throws `not_found`. */
export async function requireReadablePharmacy(db: Queryable, caller: Caller, finess: string): Promise<void> {
  const found = await row(
    db,
    'readable_pharmacy',
    sql`select from pharmacies where finess = ${finess}
          and (${caller.role}::text <> 'regulator' or ${liesWithin(sql`pharmacies.territory`, caller.territories)})`,
  )
  if (!found) throw noSuch('pharmacy')
}
