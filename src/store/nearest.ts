import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { type Place, point, rfc3339, type SQL, sql } from '../db/sql.ts'
import { servesAnybody, shownNotice, takesReservations } from './service-notices.ts'

// The first step of the function stock_magnitude. Most shelves have less than some steps above it, and most searches
// ask for less: there the smaller index stock_nearest, which has no steps, is quicker.
const PLENTY = 128

/** A pharmacy that has enough of a product now, as seen from a place. */
export interface NearbyShelf {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  /** Whole metres on the ellipsoid. */
  distanceMetres: number
  /** On hand and not promised; holds that have expired but are not yet ended count as given back. */
  available: number
  /** RFC 3339. */
  observedAt: string
  openingHours: string | null
  phone: string | null
}

/** A place, or the practice of the professional known by an identifier. */
export type From = Place | { practiceOf: string }

/** What a map shows: WGS 84 degrees. */
export interface Box {
  south: number
  west: number
  north: number
  east: number
}

/** What is looked for: `quantity` of a product at one pharmacy, within a distance of a place. */
export interface NearestSearch {
  near: From
  /** Only in there; `maxDistanceMetres` must reach its corners. */
  box?: Box | undefined
  product: string
  quantity: number
  maxDistanceMetres: number
  limit: number
}

/**
 * The active pharmacies that take reservations and have the quantity available now, nearest first and then by FINESS
 * number; none if the product is unknown or the professional has no practice. This only reads: by the time a shelf is
 * locked it may have less.
 */
export function nearestWithStock(db: Queryable, search: NearestSearch): Promise<NearbyShelf[]> {
  return rows<NearbyShelf>(db, `nearest_with_stock${suffix(search)}`, nearestQuery(search, { toReserve: true }))
}

/**
 * The same of those that serve anybody, as the text of a JSON array, for answers that pass it on unchanged without
 * parsing and writing it again. Undefined if the catalogue has no such product, which is only looked up when the search
 * finds nothing.
 */
export async function nearestAsJson(db: Queryable, search: NearestSearch): Promise<string | undefined> {
  const found = await oneRow<{ json: string | null }>(
    db,
    `nearest_as_json${suffix(search)}`,
    sql`select coalesce(json_agg(found)::text, (select '[]' from products where code = ${search.product})) as json
        from (${nearestQuery(search, { toReserve: false })}) as found`,
  )
  return found.json ?? undefined
}

/** The place as an expression; null for somebody without a practice. */
export function placeOf(from: From): SQL {
  if (!('practiceOf' in from)) return point(from)
  return sql`(
    select root.practice_location from person_identifiers i join persons known on known.id = i.person_id
    join persons root on root.id = known.root_id where i.identifier = ${from.practiceOf})`
}

/**
 * Distinguishes the names of statements whose texts differ: those that start at a place from those that start at a
 * practice, those that stay in a box, and those for so much that they walk `stock_plenty`.
 */
export function suffix({ near, quantity, box }: Pick<NearestSearch, 'near' | 'quantity' | 'box'>): string {
  return `${'practiceOf' in near ? '_of_practice' : ''}${box ? '_in_box' : ''}${quantity < PLENTY ? '' : '_of_plenty'}`
}

const here = sql`(select place from here)`
const wanted = sql`(select product from here)`
const observedAt = rfc3339(sql`c.observed_at`)

function isInside({ south, west, north, east }: Box): SQL {
  return sql`(
    ST_Y(s.location::geometry) between ${south}::float8 and ${north}::float8
    and ST_X(s.location::geometry) between ${west}::float8 and ${east}::float8)`
}

const now = sql`(select at from here)`

/** The shelves of active pharmacies within the distance that meet a condition, and serve whoever searches. */
function shelves(toReserve: boolean, metres: SQL, condition: SQL): SQL {
  const serves = toReserve ? takesReservations(now) : servesAnybody(now)
  const notice = toReserve ? sql`` : sql`, ${shownNotice(now)} as service`
  return sql`
    select s.pharmacy, s.location, s.observed_at, s.on_hand - s.held as free, p.name, p.address, p.opening_hours, p.phone${notice}
    from stock s join pharmacies p on p.finess = s.pharmacy and p.status = 'active' and ${serves}
    where s.product = ${wanted} and ST_DWithin(s.location, ${here}, ${metres}) and ${condition}`
}

/**
 * The statement of `nearestWithStock`, exported for the test of its plan. The place comes from a CTE and is not written
 * into each condition. If the planner knew the place, it would choose between a walk outwards and a sort of the whole
 * region by guessing how many shelves are in reach, and it guesses badly; if it does not, the walk always looks
 * cheapest. The product comes from there too: if it were known and rare, the plan would look so much cheaper that
 * PostgreSQL would plan anew for every search.
 *
 * The index walks outwards on a sphere, whose distances differ from the ellipsoid's by up to half a percent. The
 * nearest shelves on the ellipsoid are no farther away than the farthest one reached, so whatever lies within that
 * distance but was not reached is added.
 *
 * To reserve, only pharmacies that take reservations now are found; else all that serve anybody, with their notices.
 */
export function nearestQuery(
  { near, box, product, quantity, maxDistanceMetres, limit }: NearestSearch,
  { toReserve }: { toReserve: boolean },
): SQL {
  const most = sql`${maxDistanceMetres}::float8`
  const among =
    quantity < PLENTY ? sql`s.in_stock` : sql`s.magnitude > 0 and s.magnitude >= stock_magnitude(${quantity}::int)`
  const inside = box ? sql`and ${isInside(box)}` : sql``
  const stocked = sql`${among} and s.on_hand - s.held >= ${quantity}::int ${inside}`
  return sql`
    with here as materialized (
      select ${placeOf(near)} as place, ${product}::text as product, clock_timestamp() as at
    ), expired as materialized (
      select pharmacy, sum(quantity)::int as quantity from reservations
      where product = ${wanted} and status = 'held' and expires_at <= ${now} group by pharmacy
    ), walked as materialized (
      -- All conditions are inside the walk, so that it passes over shelves that fail one until it reaches the limit.
      select *, ST_Distance(location, ${here}) as distance from (
        ${shelves(toReserve, most, stocked)} order by s.location <-> ${here} limit ${limit}::int
      ) as nearest
    ), reach as materialized (
      -- If there are fewer than the limit, these are all.
      select max(distance) as metres, array_agg(pharmacy) as walked from walked having count(*) = ${limit}::int
    ), beside as materialized (
      ${shelves(
        toReserve,
        sql`(select metres from reach)`,
        sql`${stocked} and s.pharmacy <> all ((select walked from reach)::text[])`,
      )}
    ), freed as materialized (
      -- Shelves that have enough only because holds on them have expired, which no index on stock can know.
      select found.* from expired e cross join lateral (
        ${shelves(
          toReserve,
          most,
          sql`s.pharmacy = e.pharmacy and s.on_hand - s.held < ${quantity}::int and s.on_hand - s.held + e.quantity >= ${quantity}::int ${inside}`,
        )}
        limit 1
      ) as found
    )
    select c.pharmacy as finess, c.name, c.address, ST_Y(c.location::geometry) as latitude, ST_X(c.location::geometry) as longitude,
      round(c.distance)::int as "distanceMetres", c.free + coalesce(e.quantity, 0) as available,
      ${observedAt} as "observedAt", c.opening_hours as "openingHours", c.phone${toReserve ? sql`` : sql`, c.service`}
    from (
      select * from walked
      union all select *, ST_Distance(location, ${here}) from (select * from beside union all select * from freed) as either
    ) as c left join expired e on e.pharmacy = c.pharmacy
    order by c.distance, c.pharmacy limit ${limit}::int`
}
