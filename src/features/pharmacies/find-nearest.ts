import type { Queryable } from '../../db/database.ts'
import { unknown } from '../../domain/named.ts'
import { NEAR_METRES } from '../../http/places.ts'
import { type Box, type NearestSearch, nearestAsJson } from '../../store/nearest.ts'
import type { NearestQuery } from './schema.ts'

type Point = { latitude: number; longitude: number }

const DEGREE_METRES = 111_700 // Of latitude at the poles, where it is longest.

/**
 * The active pharmacies that serve anybody and have the quantity available now, nearest first, as JSON. Rejects an
 * unknown product.
 */
export async function findNearest(db: Queryable, query: NearestQuery): Promise<string> {
  const { near, bbox, maxDistanceMetres = NEAR_METRES, ...wanted } = query
  // The schema demands one of the two.
  const found = await nearestAsJson(db, {
    ...wanted,
    ...(bbox ? inBox(bbox) : { near: near as Point, maxDistanceMetres }),
  })
  if (found === undefined) throw unknown('product', 'product')
  return found
}

/** From the middle as far as the farthest corner, or a little farther. */
function inBox(box: Box): Pick<NearestSearch, 'near' | 'box' | 'maxDistanceMetres'> {
  const { south, west, north, east } = box
  const nearestEquator = south <= 0 && north >= 0 ? 0 : Math.min(Math.abs(south), Math.abs(north))
  const halfWidth = ((east - west) / 2) * Math.cos((nearestEquator * Math.PI) / 180)
  return {
    near: { latitude: (south + north) / 2, longitude: (west + east) / 2 },
    box,
    maxDistanceMetres: Math.ceil(Math.hypot((north - south) / 2, halfWidth) * DEGREE_METRES) + 1,
  }
}
