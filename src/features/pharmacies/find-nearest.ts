import type { Queryable } from '../../db/database.ts'
import { invalid } from '../../domain/refusals.ts'
import { nearestAsJson } from '../../store/nearest.ts'
import type { NearestQuery } from './schema.ts'

/** The active pharmacies that have the quantity available now, nearest first, as JSON. Throws 400 on an unknown product. */
export async function findNearest(db: Queryable, query: NearestQuery): Promise<string> {
  const found = await nearestAsJson(db, query)
  if (found === undefined) throw invalid('product', 'is not a product of the catalogue')
  return found
}
