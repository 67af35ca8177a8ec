import type { Queryable } from '../../db/database.ts'
import { iso } from '../../domain/instant.ts'
import { nearestWithStock } from '../../store/nearest.ts'
import { requireKnownProducts } from '../../store/places.ts'
import type { NearbyPharmacy, NearestQuery } from './schema.ts'

/** The active pharmacies that have the quantity available now, nearest first. Throws 400 on an unknown product. */
export async function findNearest(db: Queryable, query: NearestQuery): Promise<NearbyPharmacy[]> {
  const found = await nearestWithStock(db, query)
  // Only a search that finds nothing can have named an unknown product.
  if (found.length === 0) await requireKnownProducts(db, [{ path: 'product', code: query.product }])
  return found.map((shelf) => ({ ...shelf, observedAt: iso(shelf.observedAt) }))
}
