import type { Transaction } from '../db/database.ts'
import { rows, send } from '../db/query.ts'
import { clock, instant, json, limitTo, sql } from '../db/sql.ts'
import { type Instant, iso } from '../domain/instant.ts'
import type { Movement, Shelf } from '../domain/shelf.ts'
import type { EventRecord } from './events.ts'

/** Where a movement came from, beside what it did. */
interface MovementRecord extends Movement {
  id: string
  reference?: string | undefined
  counterparty?: string | undefined
  lot?: string | undefined
  bestBefore?: string | undefined
  entryId?: string | undefined
}

/** How a reservation ended. */
export interface EndedHold {
  id: string
  status: 'collected' | 'cancelled' | 'expired'
  collectedQuantity?: number
  collectedBy?: string
  cancellationReason?: string
}

/** All that one decision does to stock and reservations. `before` are the shelves as locked, `after` as they shall be. */
export interface StockEffects {
  at: Instant
  before: Shelf[]
  after: Shelf[]
  movements: MovementRecord[]
  ended: EndedHold[]
  events: EventRecord[]
  operator?: string | undefined
}

/** A reservation that still counts in its shelf's held, locked. */
export interface LockedHold {
  id: string
  personId: string
  pharmacy: string
  product: string
  quantity: number
  expiresAt: Instant
  createdAt: Instant
}

/** Columns of a LockedHold over reservations r; the person is the one that continues the history, if two were merged. */
export const holdColumns = sql`
  r.id, (select root_id from persons where id = r.person_id) as "personId", r.pharmacy, r.product, r.quantity,
  ${instant(sql`r.expires_at`)} as "expiresAt", ${instant(sql`r.created_at`)} as "createdAt"`

/** Columns of a Shelf over stock s. */
export const shelfColumns = sql`
  s.pharmacy, s.product, s.on_hand as "onHand", s.held, s.version, ${instant(sql`s.counted_at`)} as "countedAt"`

/**
 * Puts up an empty shelf where there is none, if the pharmacy and product exist and, unless any will do, the product is
 * distributed; true when it did. A new shelf locks the pharmacy's row, so that one that is being moved does not leave it
 * at the old place.
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

/** Locks shelves in the order that all take, by pharmacy and product; only those that exist. */
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

/**
 * Sends the effects in one statement, to leave with the COMMIT. A shelf or reservation that is not what `before` and
 * `ended` took it for fails the transaction, which starts afresh.
 */
export function applyStockEffects(tx: Transaction, effects: StockEffects): void {
  send(
    tx,
    'apply_stock_effects',
    sql`with shelf as (
        select * from jsonb_to_recordset(${json(shelfRows(effects))}) as t(pharmacy text, product text, on_hand int, held int,
          version int, was int, counted_at timestamptz, moved boolean)
        ${limitTo(effects.after)}
      ), changed as (
        update stock s set on_hand = t.on_hand, held = t.held, version = t.version, counted_at = t.counted_at,
          observed_at = case when t.moved then ${iso(effects.at)}::timestamptz else s.observed_at end
        from shelf t where s.pharmacy = t.pharmacy and s.product = t.product and s.version = t.was
        returning 1
      ), moved as (
        insert into stock_movements (id, pharmacy, product, version, kind, quantity, change, occurred_at, recorded_at,
          reference, counterparty, lot, best_before, entry_id, operator)
        select id, pharmacy, product, version, kind, quantity, change, occurred_at, ${iso(effects.at)}::timestamptz,
          reference, counterparty, lot, best_before, entry_id, ${effects.operator ?? null}
        from jsonb_to_recordset(${json(movementRows(effects))}) as t(id uuid, pharmacy text, product text, version int,
          kind text, quantity int, change int, occurred_at timestamptz, reference text, counterparty text, lot text,
          best_before date, entry_id uuid)
      ), ended as (
        update reservations r set status = t.status, collected_quantity = t.collected_quantity,
          collected_by = t.collected_by, cancellation_reason = t.cancellation_reason, ended_at = ${iso(effects.at)}::timestamptz
        from (select * from jsonb_to_recordset(${json(endedRows(effects))}) as t(id uuid, status text, collected_quantity int,
          collected_by uuid, cancellation_reason text) ${limitTo(effects.ended)}) as t
        where r.id = t.id and r.status = 'held'
        returning 1
      ), told as (
        insert into events (type, subject, ids, at)
        select type, subject, ids, ${iso(effects.at)}::timestamptz
        from jsonb_to_recordset(${json(effects.events)}) as t(type text, subject text, ids jsonb)
      )
      select unchanged_or_fail((select count(*) from changed), ${effects.after.length}::int),
        unchanged_or_fail((select count(*) from ended), ${effects.ended.length}::int)`,
  )
}

function shelfRows({ before, after, movements }: StockEffects): Record<string, unknown>[] {
  return after.map((shelf) => ({
    pharmacy: shelf.pharmacy,
    product: shelf.product,
    on_hand: shelf.onHand,
    held: shelf.held,
    version: shelf.version,
    was: before.find(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)?.version,
    counted_at: shelf.countedAt === null ? null : iso(shelf.countedAt),
    moved: movements.some(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product),
  }))
}

function movementRows({ movements }: StockEffects): Record<string, unknown>[] {
  return movements.map(({ occurredAt, bestBefore, entryId, ...movement }) => ({
    ...movement,
    occurred_at: iso(occurredAt),
    best_before: bestBefore,
    entry_id: entryId,
  }))
}

function endedRows({ ended }: StockEffects): Record<string, unknown>[] {
  return ended.map((hold) => ({
    id: hold.id,
    status: hold.status,
    collected_quantity: hold.collectedQuantity,
    collected_by: hold.collectedBy,
    cancellation_reason: hold.cancellationReason,
  }))
}
