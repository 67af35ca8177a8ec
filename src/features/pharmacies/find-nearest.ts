import type { Queryable } from '../../db/database.ts'
import { unknown } from '../../domain/named.ts'
import { nearestAsJson } from '../../store/nearest.ts'
import type { NearestQuery } from './schema.ts'

/** The active pharmacies that have the quantity available now, nearest first, as JSON. Rejects an unknown product. */
export async function findNearest(db: Queryable, query: NearestQuery): Promise<string> {
  const found = await nearestAsJson(db, query)
  if (found === undefined) throw unknown('product', 'product')
  return found
}
