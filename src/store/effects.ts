import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { json, limitTo, sql, timestamp } from '../db/sql.ts'
import type { Draw, Effects } from '../domain/effects.ts'
import type { NewReservation } from '../domain/holds.ts'
import { iso } from '../domain/instant.ts'
import { append } from './ledger.ts'
import { takesReservations } from './service-notices.ts'

/** The ids and salts of everything that is recorded. */
export const draw: Draw = { id: uuidv7, salt: () => randomBytes(32) }

/**
 * Sends all that a decision does, to leave with the COMMIT: its entries, then what it does to stock and reservations. A
 * head, shelf or reservation that is not as it was locked fails the transaction, which starts afresh.
 */
export function writeEffects(tx: Transaction, effects: Effects): void {
  for (const { entry, weights, professional } of effects.entries) append(tx, entry, weights, professional)
  const { shelves, movements, ended, events, made } = effects
  if ([shelves, movements, ended, events].some(({ length }) => length > 0)) sendStock(tx, effects)
  if (made) insertReservation(tx, made)
}

function sendStock(tx: Transaction, effects: Effects): void {
  send(
    tx,
    'apply_stock_effects',
    sql`with shelf as (
        select * from jsonb_to_recordset(${json(shelfRows(effects))}) as t(pharmacy text, product text, on_hand int, held int,
          version int, was int, counted_at timestamptz, moved boolean)
        ${limitTo(effects.shelves)}
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
          collected_by = t.collected_by, cancellation_reason = t.cancellation_reason,
          ended_at = coalesce(r.ended_at, ${iso(effects.at)}::timestamptz)
        from (select * from jsonb_to_recordset(${json(endedRows(effects))}) as t(id uuid, status text, collected_quantity int,
          collected_by uuid, cancellation_reason text) ${limitTo(effects.ended)}) as t
        where r.id = t.id and (r.status = 'held' or (r.status in ('cancelled', 'expired') and t.status = 'collected'))
        returning 1
      ), told as (
        insert into events (type, subject, ids, at)
        select type, subject, ids, ${iso(effects.at)}::timestamptz
        from jsonb_to_recordset(${json(effects.events)}) as t(type text, subject text, ids jsonb)
      )
      select unchanged_or_fail((select count(*) from changed), ${effects.shelves.length}::int),
        unchanged_or_fail((select count(*) from ended), ${effects.ended.length}::int)`,
  )
}

function shelfRows({ shelves, movements }: Effects): Record<string, unknown>[] {
  return shelves.map(({ before, after }) => ({
    pharmacy: after.pharmacy,
    product: after.product,
    on_hand: after.onHand,
    held: after.held,
    version: after.version,
    was: before.version,
    counted_at: after.countedAt === null ? null : iso(after.countedAt),
    moved: movements.some(({ pharmacy, product }) => pharmacy === after.pharmacy && product === after.product),
  }))
}

function movementRows({ movements }: Effects): Record<string, unknown>[] {
  return movements.map(({ occurredAt, bestBefore, entryId, ...movement }) => ({
    ...movement,
    occurred_at: iso(occurredAt),
    best_before: bestBefore,
    entry_id: entryId,
  }))
}

function endedRows({ ended }: Effects): Record<string, unknown>[] {
  return ended.map((hold) => ({
    id: hold.id,
    status: hold.status,
    ...(hold.status === 'collected' && {
      collected_quantity: hold.collectedQuantity,
      collected_by: hold.collectedBy,
    }),
    ...(hold.status === 'cancelled' && { cancellation_reason: hold.cancellationReason }),
  }))
}

// Under the shelf's lock: the pharmacy may have been closed or suspended, or have put a notice, while that was waited
// for, and a reservation of another product there may have taken the label.
function insertReservation(tx: Transaction, made: NewReservation): void {
  send(
    tx,
    'insert_reservation',
    sql`with made as (
        insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, label, distance_metres, status,
          created_at, expires_at)
        select ${made.id}::uuid, ${made.personId}::uuid, finess, ${made.product}, ${made.quantity}::int, ${made.pickupCode}, ${made.label},
          ${made.distanceMetres}::int, 'held', ${timestamp(made.from)}, ${timestamp(made.until)}
        from pharmacies p where finess = ${made.pharmacy} and status = 'active'
          and (${made.isReduced === true}::boolean or ${takesReservations(sql`clock_timestamp()`)})
        on conflict (pharmacy, label) where status = 'held' do nothing returning 1
      )
      select unchanged_or_fail((select count(*) from made), 1)`,
  )
}
