import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { clock, instant, json, point, sql, texts } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { shownNotice } from '../../store/service-notices.ts'
import type { OsmPharmacy } from './osm.ts'
import type { Pharmacy, PharmacyBody } from './schema.ts'

/** Puts the pharmacy in or changes it, locks it, and says whether it is new. */
export async function upsertPharmacy(
  tx: Transaction,
  finess: string,
  body: PharmacyBody & { territory: string },
): Promise<boolean> {
  const { created } = await oneRow<{ created: boolean }>(
    tx,
    'upsert_pharmacy',
    sql`insert into pharmacies as p (finess, name, address, location, opening_hours, phone, territory, status)
        values (${finess}, ${body.name}, ${body.address}, ${point(body)}, ${body.openingHours ?? null}, ${body.phone ?? null},
          ${body.territory}, ${body.status})
        on conflict (finess) do update set name = excluded.name, address = excluded.address, location = excluded.location,
          opening_hours = excluded.opening_hours, phone = excluded.phone, territory = excluded.territory,
          status = excluded.status, updated_at = ${clock}
        returning p.xmax = 0 as created`,
  )
  return created
}

/** What became of an imported pharmacy. */
export type ImportOutcome = 'created' | 'updated' | 'unchanged' | 'no_territory' | 'no_point'

/**
 * Puts pharmacies in or changes those that differ, and locks them. What an import does not know (an address, opening
 * hours, a phone number) stays unchanged, and so do status and territory. The point of an area is one on its surface.
 */
export function importPharmacies(
  tx: Transaction,
  given: (OsmPharmacy & { territory: string | undefined })[],
): Promise<{ finess: string; name: string; outcome: ImportOutcome }[]> {
  return rows(
    tx,
    'import_pharmacies',
    sql`with given as materialized (
          select g.finess, g.name, g.address, g."openingHours" as opening_hours, g.phone,
            coalesce(p.territory, t.code) as territory,
            ST_PointOnSurface(ST_MakeValid(ST_GeomFromGeoJSON(g.geometry))) as point
          from jsonb_to_recordset(${json(given)}) as g(finess text, name text, address text, "openingHours" text, phone text,
            territory text, geometry jsonb)
          left join pharmacies p on p.finess = g.finess left join territories t on t.code = g.territory
        ), put as (
          insert into pharmacies as p (finess, name, address, location, opening_hours, phone, territory, status)
          select finess, name, address, point::geography, opening_hours, phone, territory, 'active' from given
          where territory is not null and not ST_IsEmpty(point) order by finess
          on conflict (finess) do update set name = excluded.name, location = excluded.location,
            address = coalesce(nullif(excluded.address, ''), p.address), phone = coalesce(excluded.phone, p.phone),
            opening_hours = coalesce(excluded.opening_hours, p.opening_hours), updated_at = ${clock}
          where (p.name, p.location, p.address, p.phone, p.opening_hours) is distinct from (excluded.name, excluded.location,
            coalesce(nullif(excluded.address, ''), p.address), coalesce(excluded.phone, p.phone),
            coalesce(excluded.opening_hours, p.opening_hours))
          returning p.finess, p.xmax = 0 as created
        )
        select given.finess, given.name, case when territory is null then 'no_territory'
            when point is null or ST_IsEmpty(point) then 'no_point'
            when put.created then 'created' when put.finess is not null then 'updated' else 'unchanged' end as outcome
        from given left join put on put.finess = given.finess`,
  )
}

/** Which of these are active pharmacies. */
export async function findActive(db: Queryable, numbers: readonly string[]): Promise<string[]> {
  const found = await rows<{ finess: string }>(
    db,
    'find_active',
    sql`select finess from pharmacies where finess = any (${texts(numbers)}) and status = 'active'`,
  )
  return found.map(({ finess }) => finess)
}

/**
 * Moves the shelves of locked pharmacies to where these are now. A separate statement after that of the pharmacies, so
 * that it sees shelves that were added while that waited.
 */
export async function moveShelves(tx: Transaction, pharmacies: readonly string[]): Promise<void> {
  await rows(
    tx,
    'move_shelves',
    sql`with moved as (
          select s.pharmacy, s.product, p.location from stock s join pharmacies p on p.finess = s.pharmacy
          where s.pharmacy = any (${texts(pharmacies)}) and s.location is distinct from p.location
          order by s.pharmacy, s.product for update of s
        )
        update stock s set location = m.location from moved m where s.pharmacy = m.pharmacy and s.product = m.product`,
  )
}

/** A pharmacy with its stock; holds that have expired but are not yet ended count as given back. */
export async function findPharmacy(db: Queryable, finess: string): Promise<Pharmacy | undefined> {
  const found = await row<Row>(
    db,
    'find_pharmacy',
    sql`select p.finess, p.name, p.address, ST_Y(p.location::geometry) as latitude, ST_X(p.location::geometry) as longitude,
          p.opening_hours as "openingHours", p.phone, p.territory, p.status, ${shownNotice(sql`clock_timestamp()`)} as service,
          (select coalesce(json_agg(json_build_object('product', s.product, 'observedAt', ${instant(sql`s.observed_at`)},
              'available', s.on_hand - s.held + (
                select coalesce(sum(r.quantity), 0) from reservations r
                where r.pharmacy = s.pharmacy and r.product = s.product and r.status = 'held'
                  and r.expires_at <= clock_timestamp())) order by s.product), '[]')
            from stock s where s.pharmacy = p.finess) as stock
        from pharmacies p where p.finess = ${finess}`,
  )
  if (!found) return undefined
  const { phone, stock, ...pharmacy } = found
  return {
    ...pharmacy,
    ...(phone !== null && { phone }),
    stock: stock.map((shelf) => ({ ...shelf, observedAt: iso(shelf.observedAt) })),
  }
}

interface Row extends Omit<Pharmacy, 'phone' | 'stock'> {
  phone: string | null
  stock: { product: string; available: number; observedAt: Instant }[]
}
