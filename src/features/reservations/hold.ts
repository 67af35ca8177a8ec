/**
 * A reservation takes two flushes to the database: one for everything that decides it, one for the writes with the
 * COMMIT. So a shelf is locked in the first, alongside the facts, before the program knows which shelf it will be or
 * whether the professional may have anything:
 *
 * 1. One statement finds the pharmacy and locks what is there. The search is a materialised CTE of its own and locks
 *    nothing; the shelf is then locked by its primary key. PostgreSQL checks a row again that has changed since the
 *    statement's snapshot: found by its key, it is read as it is now, whereas a lock taken inside the search, where
 *    the row comes from a walk by distance, fails («attempted to lock invisible tuple»).
 * 2. This first try skips whatever somebody else has locked. Refused callers therefore never wait for a shelf, and
 *    nobody waits for them, since they roll back to the savepoint before their refusal is written to disk.
 * 3. Only once the decision stands is a busy shelf waited for: it is still the nearest. A shelf with too little left
 *    is released before the next one is waited for. So nobody waits while holding a shelf, and callers who search
 *    from opposite sides cannot block each other.
 */
import { randomBytes } from 'node:crypto'
import type { Transaction } from '../../db/database.ts'
import { row, send } from '../../db/query.ts'
import { type SQL, sql, texts } from '../../db/sql.ts'
import { availableOn, type SweptShelf } from '../../domain/effects.ts'
import type { LockedHold } from '../../domain/holds.ts'
import { LABEL_BYTES, labelsOf } from '../../domain/label.ts'
import type { Shelf } from '../../domain/shelf.ts'
import { type NearestSearch, nearestQuery, suffix } from '../../store/nearest.ts'
import { holdColumns, shelfColumns } from '../../store/shelves.ts'
import { type Place, placeQuery } from './place.ts'

/** Where masks are wanted: at one pharmacy, or at the nearest that has the whole quantity. */
export type Target = { kind: 'named'; finess: string } | { kind: 'nearest' }

/** What is wanted, as seen from where. */
export type Wanted = Omit<NearestSearch, 'limit'>

/** A pharmacy, with its shelf locked if it takes reservations and has the quantity: undefined if not, or if skipped. */
export interface Tried {
  place: Place
  /** For the bag, if one of those drawn is free there. */
  label: string | null
  swept: SweptShelf | undefined
}

/** A pharmacy with its shelf locked, which has the quantity. */
export interface Found extends Tried {
  swept: SweptShelf
}

const LABELS_DRAWN = 16 // With half of all labels in use, one reservation in 65,000 goes without.
const NEWEST = 32

type LockMode = 'wait' | 'skip_locked'

/**
 * Tries a target in the flush of what else is sent now, skipping what is locked. Undefined where there is no pharmacy.
 */
export function tryUnlocked(tx: Transaction, target: Target, wanted: Wanted): Promise<Tried | undefined> {
  send(tx, 'savepoint', sql`savepoint before_shelf`)
  return lockAt(tx, target, wanted, 'skip_locked')
}

/**
 * Finds the first of some pharmacies that still has the quantity once its shelf is locked, waiting for each in turn.
 */
export async function waitForFirst(
  tx: Transaction,
  pharmacies: readonly { finess: string }[],
  wanted: Wanted,
): Promise<Found | undefined> {
  for (const { finess } of pharmacies) {
    letGo(tx)
    const tried = await lockAt(tx, { kind: 'named', finess }, wanted, 'wait')
    if (tried && isFound(tried)) return tried
  }
  return undefined
}

/** Whether the shelf is locked and has the quantity. */
export function isFound(tried: Tried): tried is Found {
  return tried.swept !== undefined
}

/** Lets go of the shelf that is locked, if one is. */
export function letGo(tx: Transaction): void {
  send(tx, 'rollback_to_savepoint', sql`rollback to savepoint before_shelf`)
}

async function lockAt(tx: Transaction, target: Target, wanted: Wanted, mode: LockMode): Promise<Tried | undefined> {
  const found = await row<Place & Pick<Tried, 'label'> & { shelf: Shelf | null; expired: LockedHold[] }>(
    tx,
    `lock_shelf_at_${target.kind}_${mode}${suffix(wanted)}`,
    lockQuery(target, wanted, mode),
  )
  if (!found) return undefined
  const { shelf, expired, label, ...place } = found
  const hasEnough = place.takesReservations && shelf !== null && availableOn({ shelf, expired }) >= wanted.quantity
  return { place, label, swept: hasEnough ? { shelf, expired } : undefined }
}

// Reservations before their shelf, as everywhere: the count makes the one wait for the other.
function lockQuery(target: Target, wanted: Wanted, mode: LockMode): SQL {
  const key = sql`(select finess, product from place)`
  const how = mode === 'wait' ? sql`` : sql`skip locked`
  const freeLabel = labelNotOf(sql`place.finess`, labelsOf(randomBytes(LABEL_BYTES * LABELS_DRAWN)))
  return sql`
    with place as materialized (
      select *, ${wanted.product}::text as product from (${placeOf(target, wanted)}) as place
    ), expired as materialized (
      select ${holdColumns} from reservations r
      where (r.pharmacy, r.product) = ${key} and r.status = 'held' and r.expires_at <= clock_timestamp()
      order by r.id for update of r ${how}
    ), shelf as materialized (
      select ${shelfColumns} from stock s
      where (s.pharmacy, s.product) = ${key} and (select count(*) from expired) >= 0 for update of s ${how}
    )
    select finess, name, address, latitude, longitude, "distanceMetres", active, "takesReservations", "noticeUntil",
      (select row_to_json(shelf) from shelf) as shelf,
      (select coalesce(json_agg(expired order by id), '[]') from expired) as expired, ${freeLabel} as label
    from place`
}

function placeOf(target: Target, wanted: Wanted): SQL {
  if (target.kind === 'named') return placeQuery(target.finess, wanted.near)
  return sql`select *, true as active, true as "takesReservations", null as "noticeUntil" from (${nearestQuery({ ...wanted, limit: 1 }, { toReserve: true })}) as nearest`
}

// Nor of the newest reservations there that have ended: their bags may still stand about.
function labelNotOf(pharmacy: SQL, drawn: string[]): SQL {
  return sql`(
    select drawn.label from unnest(${texts(drawn)}) with ordinality as drawn(label, nth)
    where not exists (select from reservations r where r.pharmacy = ${pharmacy} and r.label = drawn.label and r.status = 'held')
      and drawn.label not in (
        select newest.label from (
          select r.label from reservations r where r.pharmacy = ${pharmacy} order by r.id desc limit ${NEWEST}::int) as newest
        where newest.label is not null)
    order by drawn.nth limit 1)`
}
