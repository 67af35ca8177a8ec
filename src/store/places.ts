import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { type FieldError, Rejection } from '../domain/refusals.ts'

/** Whether there are a pharmacy and a product, as a shelf needs both; null where there is no such product. */
export interface ShelfPlace {
  pharmacyKnown: boolean
  productActive: boolean | null
}

/** Looks for a pharmacy and a product. */
export function findShelfPlace(db: Queryable, pharmacy: string, product: string): Promise<ShelfPlace> {
  return oneRow(
    db,
    'shelf_place',
    sql`select exists (select from pharmacies where finess = ${pharmacy}) as "pharmacyKnown",
          (select active from products where code = ${product}) as "productActive"`,
  )
}

/** Throws 404 where the pharmacy or the product does not exist. */
export function requireShelfPlace({ pharmacyKnown, productActive }: ShelfPlace): void {
  if (!pharmacyKnown) throw new Rejection('not_found', 'There is no such pharmacy.')
  if (productActive === null) throw new Rejection('not_found', 'There is no such product in the catalogue.')
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
  if (first) throw new Rejection('invalid_request', `${first.path}: ${first.message}`, { errors })
  return found.filter(({ active }) => !active).map(({ code }) => code)
}
