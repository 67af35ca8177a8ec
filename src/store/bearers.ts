import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'

/** The bearer of a token, as the directory knows that person. */
export interface Bearer {
  /** That of the identifier's own record, so that it stays the same when records are merged. */
  personId: string
  suspended: boolean
  /** Those of the pharmacies asked about that are in the directory. */
  pharmacies: string[]
}

/** The person known by an identifier, with their pharmacies. Undefined if nobody has this identifier. */
export function findBearer(
  db: Queryable,
  identifier: string,
  pharmacies: readonly string[],
): Promise<Bearer | undefined> {
  return row<Bearer>(
    db,
    'find_bearer',
    sql`select i.person_id as "personId", root.status = 'suspended' as suspended,
          (select coalesce(json_agg(finess order by finess), '[]') from pharmacies
            where finess = any (${texts(pharmacies)})) as pharmacies
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = known.root_id
        where i.identifier = ${identifier}`,
  )
}
