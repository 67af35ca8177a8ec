import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { type Place, point, rfc3339, type SQL, sql } from '../db/sql.ts'

/** A pharmacy with enough of a product to give or promise now, as seen from a place. */
export interface NearbyShelf {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  /** Whole metres on the ellipsoid. */
  distanceMetres: number
  /** On hand and promised to nobody; holds that have expired but are not yet ended count as given back. */
  available: number
  /** RFC 3339. */
  observedAt: string
  openingHours: string | null
}

/** A place, or the practice of the professional known by an identifier. */
export type From = Place | { practiceOf: string }

/** What is looked for: `quantity` of a product at one pharmacy, at most so far from a place. */
export interface NearestSearch {
  near: From
  product: string
  quantity: number
  maxDistanceMetres: number
  limit: number
}

// The index walks outwards on a sphere, whose distances differ from the ellipsoid's by up to half a percent: this many
// more than asked for are taken, so that the nearest are among them when they are put in the ellipsoid's order.
const MARGIN = 64

/**
 * The active pharmacies that have the quantity available now, nearest first, equally far ones by FINESS number; none from a
 * practice that nobody has. A reading
 * only: by the time a shelf is locked it may have less. An unknown product is nowhere.
 */
export function nearestWithStock(db: Queryable, search: NearestSearch): Promise<NearbyShelf[]> {
  return rows<NearbyShelf>(db, `nearest_with_stock${suffix(search.near)}`, nearestQuery(search))
}

/** The same as the text of a JSON array: for answers that show it as it is, it need not be read and written once more. */
export async function nearestAsJson(db: Queryable, search: NearestSearch): Promise<string> {
  const found = await oneRow<{ json: string }>(
    db,
    `nearest_as_json${suffix(search.near)}`,
    sql`select coalesce(json_agg(found), '[]')::text as json from (${nearestQuery(search)}) as found`,
  )
  return found.json
}

/** Where that is, as an expression; nowhere, null, for who has no practice. */
export function placeOf(from: From): SQL {
  if (!('practiceOf' in from)) return point(from)
  return sql`(
    select root.practice_location from person_identifiers i join persons known on known.id = i.person_id
    join persons root on root.id = coalesce(known.merged_into, known.id) where i.identifier = ${from.practiceOf})`
}

/** Tells the names of statements apart that begin at a place and at a practice, as their texts differ. */
export function suffix(from: From): string {
  return 'practiceOf' in from ? '_of_practice' : ''
}

const here = sql`(select place from here)`
const shelf = sql`s.pharmacy, s.location, s.observed_at, s.on_hand - s.held as free, p.name, p.address, p.opening_hours`
const observedAt = rfc3339(sql`c.observed_at`)

/**
 * The statement of `nearestWithStock`, for the test of its plan. The place is read from a CTE, not written into each
 * condition: with a place known at planning time the planner's guess of how many shelves lie in reach decides between a
 * walk outwards and a sort of the whole region, and it guesses badly; unknown, the walk is always cheapest.
 */
export function nearestQuery({ near, product, quantity, maxDistanceMetres, limit }: NearestSearch): SQL {
  const inReach = sql`ST_DWithin(s.location, ${here}, ${maxDistanceMetres}::float8)`
  return sql`
    with here as materialized (
      select ${placeOf(near)} as place, clock_timestamp() as at
    ), expired as materialized (
      select pharmacy, sum(quantity)::int as quantity from reservations
      where product = ${product} and status = 'held' and expires_at <= (select at from here) group by pharmacy
    ), stocked as materialized (
      -- Every condition stands inside the walk: it goes on past whoever fails one, until the limit is reached.
      select ${shelf} from stock s join pharmacies p on p.finess = s.pharmacy and p.status = 'active'
      where s.in_stock and s.product = ${product} and s.on_hand - s.held >= ${quantity}::int and ${inReach}
      order by s.location <-> ${here} limit ${limit}::int + ${MARGIN}::int
    ), freed as materialized (
      -- Shelves that have enough only because holds on them have expired; no index on stock knows of those.
      select found.* from expired e cross join lateral (
        select ${shelf} from stock s join pharmacies p on p.finess = s.pharmacy and p.status = 'active'
        where s.pharmacy = e.pharmacy and s.product = ${product} and s.on_hand - s.held < ${quantity}::int
          and s.on_hand - s.held + e.quantity >= ${quantity}::int and ${inReach}
        limit 1
      ) as found
    )
    select c.pharmacy as finess, c.name, c.address, ST_Y(c.location::geometry) as latitude, ST_X(c.location::geometry) as longitude,
      round(c.distance)::int as "distanceMetres", c.free + coalesce(e.quantity, 0) as available,
      ${observedAt} as "observedAt", c.opening_hours as "openingHours"
    from (
      select *, ST_Distance(location, ${here}) as distance from (select * from stocked union all select * from freed) as either
    ) as c left join expired e on e.pharmacy = c.pharmacy
    order by c.distance, c.pharmacy limit ${limit}::int`
}
