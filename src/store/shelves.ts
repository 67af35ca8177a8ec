import type { Transaction } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { clock, instant, json, limitTo, type SQL, sql, texts } from '../db/sql.ts'
import { StaleRead } from '../db/transaction.ts'
import type { LockedHold } from '../domain/holds.ts'
import type { Instant } from '../domain/instant.ts'
import type { Shelf } from '../domain/shelf.ts'

/** Columns of a LockedHold over reservations r; for merged records the person is the one who continues the history. */
export const holdColumns = sql`
  r.id, (select root_id from persons where id = r.person_id) as "personId", r.pharmacy, r.product, r.quantity,
  ${instant(sql`r.expires_at`)} as "expiresAt", ${instant(sql`r.created_at`)} as "createdAt"`

/** Columns of a Shelf over stock s. */
export const shelfColumns = sql`
  s.pharmacy, s.product, s.on_hand as "onHand", s.held, s.version, ${instant(sql`s.counted_at`)} as "countedAt"`

/**
 * Adds an empty shelf if there is none, provided that the pharmacy and product exist and, unless any will do, the
 * product is active. Returns true if it did. A new shelf locks the pharmacy's row, so that it is not left behind at the
 * old place if the pharmacy is being moved.
 */
export async function ensureShelf(
  tx: Transaction,
  pharmacy: string,
  product: string,
  which: 'any' | 'active',
): Promise<boolean> {
  const created = await rows(
    tx,
    'ensure_shelf',
    sql`insert into stock (pharmacy, product, on_hand, held, version, observed_at, location)
        select p.finess, c.code, 0, 0, 0, ${clock}, p.location from pharmacies p, products c
        where p.finess = ${pharmacy} and c.code = ${product} and (c.active or ${which === 'any'}::boolean)
          and not exists (select from stock where pharmacy = ${pharmacy} and product = ${product})
        for share of p
        on conflict do nothing returning 1`,
  )
  return created.length > 0
}

/** Locks the shelves that exist in the order that everybody uses, by pharmacy and product. */
export function lockShelves(
  tx: Transaction,
  places: readonly { pharmacy: string; product: string }[],
): Promise<Shelf[]> {
  return rows<Shelf>(
    tx,
    'lock_shelves',
    sql`select ${shelfColumns} from stock s
        where (s.pharmacy, s.product) in (
          select pharmacy, product from jsonb_to_recordset(${json(places.map(({ pharmacy, product }) => ({ pharmacy, product })))}) as t(pharmacy text, product text)
          ${limitTo(places)})
        order by s.pharmacy, s.product for update of s`,
  )
}

/** The reservations that hold part of some shelves of a pharmacy, locked, and the clock after the locks. */
export interface LockedHolds {
  holds: LockedHold[]
  at: Instant
}

/**
 * Locks the reservations that hold part of some locked shelves, those too that were made before the shelves were
 * locked. No more can be made, but whoever has locked one of those is waiting for a shelf, so it is not waited for:
 * throws StaleRead.
 */
export async function lockHoldsOfLocked(
  tx: Transaction,
  pharmacy: string,
  products: readonly string[],
): Promise<LockedHolds> {
  const held = heldOn(pharmacy, products)
  const [holds, { at, count }] = await Promise.all([
    rows<LockedHold>(
      tx,
      'lock_new_holds_of_shelves',
      sql`select ${holdColumns} ${held} order by r.id for update of r skip locked`,
    ),
    oneRow<{ at: Instant; count: number }>(
      tx,
      'count_holds_of_shelves',
      sql`select ${instant(clock)} as at, count(*)::int as count ${held}`,
    ),
  ])
  if (holds.length !== count) throw new StaleRead('somebody is ending a reservation of a shelf')
  return { holds, at }
}

/** From where the reservations r are read that hold part of some shelves. */
export function heldOn(pharmacy: string, products: readonly string[]): SQL {
  return sql`from reservations r
    where r.pharmacy = ${pharmacy} and r.product = any (${texts(products)}) and r.status = 'held'`
}
