import type { Queryable } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { sql, texts } from '../../db/sql.ts'

/** A pharmacy that somebody acts for; one that is not in the directory has no name and no status. */
export interface Own {
  finess: string
  name: string | null
  status: 'active' | 'suspended' | 'closed' | null
}

/** The pharmacies with these numbers, in their order. */
export function readPharmacies(db: Queryable, numbers: readonly string[]): Promise<Own[]> {
  return rows(
    db,
    'read_own_pharmacies',
    sql`select named.finess, p.name, p.status
        from unnest(${texts(numbers)}) with ordinality as named (finess, place) left join pharmacies p using (finess)
        order by named.place`,
  )
}

/** The name of a client. */
export async function findClientName(db: Queryable, id: string): Promise<string | undefined> {
  return (await row<{ name: string }>(db, 'find_client_name', sql`select name from clients where id = ${id}::uuid`))
    ?.name
}
