import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { Territory } from './schema.ts'

/** The territories by code, after a position. */
export function listTerritories(db: Queryable, after: string | null, limit: number): Promise<Territory[]> {
  return rows<Territory>(
    db,
    'list_territories',
    sql`select code, name, kind, parent, time_zone as "timeZone" from territories
        where code > coalesce(${after}::text, '') order by code limit ${limit}::int`,
  )
}
