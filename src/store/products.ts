import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'

/** Finds these products in the catalogue, and says whether each is still distributed. */
export function findProducts(db: Queryable, codes: readonly string[]): Promise<{ code: string; active: boolean }[]> {
  return rows(db, 'find_products', sql`select code, active from products where code = any (${texts(codes)})`)
}
