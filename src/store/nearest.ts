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

/**
 * The active pharmacies that have the quantity available now, nearest first, equally far ones by FINESS number; none from a
 * practice that nobody has. A reading
 * only: by the time a shelf is locked it may have less. An unknown product is nowhere.
 */
export function nearestWithStock(db: Queryable, search: NearestSearch): Promise<NearbyShelf[]> {
  return rows<NearbyShelf>(db, `nearest_with_stock${suffix(search.near)}`, nearestQuery(search))
}

/**
 * The same as the text of a JSON array: for answers that show it as it is, it need not be read and written once more.
 * Undefined where the catalogue has no such product, which only a search that finds nothing can mean.
 */
export async function nearestAsJson(db: Queryable, search: NearestSearch): Promise<string | undefined> {
  const found = await oneRow<{ json: string | null }>(
    db,
    `nearest_as_json${suffix(search.near)}`,
    sql`select coalesce(json_agg(found)::text, (select '[]' from products where code = ${search.product})) as json
        from (${nearestQuery(search)}) as found`,
  )
  return found.json ?? undefined
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
const wanted = sql`(select product from here)`
const observedAt = rfc3339(sql`c.observed_at`)

/** Shelves of active pharmacies, so far from the place at most, of which a condition holds. */
function shelves(metres: SQL, condition: SQL): SQL {
  return sql`
    select s.pharmacy, s.location, s.observed_at, s.on_hand - s.held as free, p.name, p.address, p.opening_hours
    from stock s join pharmacies p on p.finess = s.pharmacy and p.status = 'active'
    where s.product = ${wanted} and ST_DWithin(s.location, ${here}, ${metres}) and ${condition}`
}

/**
 * The statement of `nearestWithStock`, for the test of its plan. The place is read from a CTE, not written into each
 * condition: with a place known at planning time the planner's guess of how many shelves lie in reach decides between a
 * walk outwards and a sort of the whole region, and it guesses badly; unknown, the walk is always cheapest. So is the
 * product: known, it makes the plan look so much cheaper, where few hold it, that PostgreSQL would plan at every search.
 *
 * The index walks outwards on a sphere, whose distances differ from the ellipsoid's by up to half a percent. The ellipsoid's
 * nearest are no farther than the farthest of those walked to, so what lies within that and was not walked to is added.
 */
export function nearestQuery({ near, product, quantity, maxDistanceMetres, limit }: NearestSearch): SQL {
  const most = sql`${maxDistanceMetres}::float8`
  const stocked = sql`s.in_stock and s.on_hand - s.held >= ${quantity}::int`
  return sql`
    with here as materialized (
      select ${placeOf(near)} as place, ${product}::text as product, clock_timestamp() as at
    ), expired as materialized (
      select pharmacy, sum(quantity)::int as quantity from reservations
      where product = ${wanted} and status = 'held' and expires_at <= (select at from here) group by pharmacy
    ), walked as materialized (
      -- Every condition stands inside the walk: it goes on past whoever fails one, until the limit is reached.
      select *, ST_Distance(location, ${here}) as distance from (
        ${shelves(most, stocked)} order by s.location <-> ${here} limit ${limit}::int
      ) as nearest
    ), reach as materialized (
      -- Fewer than the limit are all there are.
      select max(distance) as metres, array_agg(pharmacy) as walked from walked having count(*) = ${limit}::int
    ), beside as materialized (
      ${shelves(
        sql`(select metres from reach)`,
        sql`${stocked} and s.pharmacy <> all ((select walked from reach)::text[])`,
      )}
    ), freed as materialized (
      -- Shelves that have enough only because holds on them have expired; no index on stock knows of those.
      select found.* from expired e cross join lateral (
        ${shelves(
          most,
          sql`s.pharmacy = e.pharmacy and s.on_hand - s.held < ${quantity}::int and s.on_hand - s.held + e.quantity >= ${quantity}::int`,
        )}
        limit 1
      ) as found
    )
    select c.pharmacy as finess, c.name, c.address, ST_Y(c.location::geometry) as latitude, ST_X(c.location::geometry) as longitude,
      round(c.distance)::int as "distanceMetres", c.free + coalesce(e.quantity, 0) as available,
      ${observedAt} as "observedAt", c.opening_hours as "openingHours"
    from (
      select * from walked
      union all select *, ST_Distance(location, ${here}) from (select * from beside union all select * from freed) as either
    ) as c left join expired e on e.pharmacy = c.pharmacy
    order by c.distance, c.pharmacy limit ${limit}::int`
}
