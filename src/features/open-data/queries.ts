import type { Queryable } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { clock, instant, rfc3339, type SQL, sql } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import { handsNothingOut } from '../../store/service-notices.ts'

/** A pharmacy that is open for business, with what it declared of products in the catalogue. */
export interface OpenPharmacy {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  department: { code: string; name: string }
  /** By product. Holds that have expired but are not yet ended count as given back. */
  stock: { product: string; available: number; observedAt: string }[]
  /** Its own notice says that it hands nothing out for now. */
  isOnBreak: boolean
  /** The newest declaration as a Korean client reads it, or null. */
  stockAt: string | null
}

const korean = (time: SQL) => sql`to_char(${time} at time zone 'Europe/Paris', 'YYYY/MM/DD HH24:MI:SS')`

/** The time now, also as a Korean client reads it, and the products that are handed out. */
export function readMoment(db: Queryable): Promise<{ at: Instant; createdAt: string; products: string[] }> {
  return oneRow(
    db,
    'read_open_moment',
    sql`select ${instant(sql`now`)} as at, ${korean(sql`now`)} as "createdAt",
          (select coalesce(json_agg(code order by code), '[]') from products where active) as products
        from (select ${clock} as now) as moment`,
  )
}

const stockOfPage = sql`
  select s.pharmacy,
    json_agg(json_build_object('product', s.product, 'available', s.on_hand - s.held + coalesce(e.quantity, 0),
      'observedAt', ${rfc3339(sql`s.observed_at`)}) order by s.product) as stock,
    ${korean(sql`max(s.observed_at)`)} as "stockAt"
  from stock s join products c on c.code = s.product and c.active
  left join lateral (
    select sum(r.quantity)::int as quantity from reservations r
    where s.held > 0 and r.pharmacy = s.pharmacy and r.product = s.product and r.status = 'held'
      and r.expires_at <= clock_timestamp()
  ) as e on true
  -- A shelf that was made for a count which was then refused was never declared.
  where s.version > 0 and s.pharmacy = any (array(select finess from page)) group by s.pharmacy`

/**
 * A page of the active pharmacies, in the order of their numbers. By pages, so that neither the database nor this
 * process is busy with the whole country at once.
 */
export function readOpenPage(db: Queryable, after: string, limit: number): Promise<OpenPharmacy[]> {
  return rows(
    db,
    'read_open_page',
    sql`with page as materialized (
          select * from pharmacies where status = 'active' and finess > ${after} order by finess limit ${limit}::int
        )
        select p.finess, p.name, p.address, ST_Y(p.location::geometry) as latitude, ST_X(p.location::geometry) as longitude,
          json_build_object('code', t.code, 'name', t.name) as department, coalesce(d.stock, '[]') as stock, d."stockAt",
          ${handsNothingOut(sql`clock_timestamp()`)} as "isOnBreak"
        from page p join territories t on t.code = p.territory left join (${stockOfPage}) as d on d.pharmacy = p.finess
        order by p.finess`,
  )
}
