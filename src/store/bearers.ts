import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'

/** The bearer of a token, as the directory knows that person. */
export interface Bearer {
  /** That of the identifier's own record, so that it stays the same when records are merged. */
  personId: string
  suspended: boolean
  /** Some of the further numbers named are another person's. */
  namesAnother: boolean
  /** Those of the pharmacies asked about that are in the directory. */
  pharmacies: string[]
}

/**
 * The person known by an identifier, of those that a token names, with their pharmacies. Undefined if nobody has this
 * identifier.
 */
export function findBearer(
  db: Queryable,
  { identifier, otherIds }: { identifier: string; otherIds: readonly string[] },
  pharmacies: readonly string[],
): Promise<Bearer | undefined> {
  return row<Bearer>(
    db,
    'find_bearer',
    sql`select i.person_id as "personId", root.status = 'suspended' as suspended,
          exists (select from person_identifiers o join persons other on other.id = o.person_id
            where o.identifier = any (${texts(otherIds)}) and other.root_id <> root.id) as "namesAnother",
          (select coalesce(json_agg(finess order by finess), '[]') from pharmacies
            where finess = any (${texts(pharmacies)})) as pharmacies
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = known.root_id
        where i.identifier = ${identifier} and not root.provisional`,
  )
}
