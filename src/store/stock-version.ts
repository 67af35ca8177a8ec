import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { sql } from '../db/sql.ts'

/**
 * Differs when what a pharmacy has does, or what is said of the pharmacy itself: by the versions of its shelves, by
 * how many holds have run out since, which changes no shelf, and by whether its notice has ended. Undefined if there is
 * no such pharmacy.
 */
export async function versionOfStock(db: Queryable, pharmacy: string): Promise<string | undefined> {
  const found = await row<{ version: string }>(
    db,
    'version_of_stock',
    sql`select concat_ws(' ', p.updated_at, p.xmin::text, p.service_until <= clock_timestamp(),
          (select string_agg(concat_ws(' ', s.product, s.version), ',' order by s.product) from stock s where s.pharmacy = p.finess),
          (select count(*) from stock s join reservations r on r.pharmacy = s.pharmacy and r.product = s.product
            where s.pharmacy = p.finess and r.status = 'held' and r.expires_at <= clock_timestamp())) as version
        from pharmacies p where p.finess = ${pharmacy}`,
  )
  return found?.version
}
