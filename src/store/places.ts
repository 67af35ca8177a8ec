import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { type FieldError, Problem } from '../domain/problems.ts'

/**
 * Makes sure that a pharmacy and a product exist, as a shelf needs both, and says whether there is one. Throws 404 where
 * one of them does not.
 */
export async function requireShelfPlace(
  db: Queryable,
  pharmacy: string,
  product: string,
): Promise<{ productActive: boolean; shelfKnown: boolean }> {
  const found = await oneRow<{ pharmacyKnown: boolean; productActive: boolean | null; shelfKnown: boolean }>(
    db,
    'shelf_place',
    sql`select exists (select from pharmacies where finess = ${pharmacy}) as "pharmacyKnown",
          (select active from products where code = ${product}) as "productActive",
          exists (select from stock where pharmacy = ${pharmacy} and product = ${product}) as "shelfKnown"`,
  )
  if (!found.pharmacyKnown) throw new Problem('not_found', 'There is no such pharmacy.')
  if (found.productActive === null) throw new Problem('not_found', 'There is no such product in the catalogue.')
  return { productActive: found.productActive, shelfKnown: found.shelfKnown }
}

/** The products among these that are no longer distributed. Throws 400 naming the fields that no product has. */
export async function requireKnownProducts(
  db: Queryable,
  named: readonly { path: string; code: string }[],
): Promise<string[]> {
  const found = await rows<{ code: string; active: boolean }>(
    db,
    'find_products',
    sql`select code, active from products where code = any (${texts(named.map(({ code }) => code))})`,
  )
  const errors: FieldError[] = named
    .filter(({ code }) => !found.some((product) => product.code === code))
    .map(({ path }) => ({ path, message: 'is not a product of the catalogue' }))
  const [first] = errors
  if (first) throw new Problem('invalid_request', `${first.path}: ${first.message}`, { errors })
  return found.filter(({ active }) => !active).map(({ code }) => code)
}
