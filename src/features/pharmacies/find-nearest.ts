import type { Queryable } from '../../db/database.ts'
import { nearestAsJson } from '../../store/nearest.ts'
import { requireKnownProducts } from '../../store/places.ts'
import type { NearestQuery } from './schema.ts'

/** The active pharmacies that have the quantity available now, nearest first, as JSON. Throws 400 on an unknown product. */
export async function findNearest(db: Queryable, query: NearestQuery): Promise<string> {
  const found = await nearestAsJson(db, query)
  // Only a search that finds nothing can have named an unknown product.
  if (found === '[]') await requireKnownProducts(db, [{ path: 'product', code: query.product }])
  return found
}
