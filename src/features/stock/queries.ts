import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { instant, sql, texts, timestamp, uuids } from '../../db/sql.ts'
import type { Effects, RecordedMovement } from '../../domain/effects.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { available, type Shelf } from '../../domain/shelf.ts'
import type { LockedShelf, LockedShelves } from '../../domain/stock-changes.ts'
import { type ListFilter, listed, matching } from '../../store/filters.ts'
import { heldOn, holdColumns, lockHoldsOfLocked, lockShelves } from '../../store/shelves.ts'
import type { Movement, StockLevel } from './schema.ts'

/** Whether a pharmacy and a product exist, as a shelf needs both; the product is null if there is none. */
interface ShelfPlace {
  pharmacyKnown: boolean
  productActive: boolean | null
}

/** Looks up a pharmacy and a product. */
export function findShelfPlace(db: Queryable, pharmacy: string, product: string): Promise<ShelfPlace> {
  return oneRow(
    db,
    'shelf_place',
    sql`select exists (select from pharmacies where finess = ${pharmacy}) as "pharmacyKnown",
          (select active from products where code = ${product}) as "productActive"`,
  )
}

/** Whether a pharmacy exists, and which of these products do. */
export function findShelfPlaces(
  db: Queryable,
  pharmacy: string,
  products: readonly string[],
): Promise<{ pharmacyKnown: boolean; products: { code: string; active: boolean }[] }> {
  return oneRow(
    db,
    'shelf_places',
    sql`select exists (select from pharmacies where finess = ${pharmacy}) as "pharmacyKnown",
          (select coalesce(json_agg(json_build_object('code', code, 'active', active)), '[]')
            from products where code = any (${texts(products)})) as products`,
  )
}

/** Locks one shelf, as `lockShelvesWithHolds` does. */
export async function lockShelfWithHolds(tx: Transaction, pharmacy: string, product: string): Promise<LockedShelf> {
  const { shelves, ...locked } = await lockShelvesWithHolds(tx, pharmacy, [product])
  return { ...locked, shelf: shelves[0] }
}

/** Locks the reservations of some shelves by id, then the shelves that exist, then what `lockHoldsOfLocked` does. */
export async function lockShelvesWithHolds(
  tx: Transaction,
  pharmacy: string,
  products: readonly string[],
): Promise<LockedShelves> {
  const [, shelves, locked] = await Promise.all([
    rows(
      tx,
      'lock_holds_of_shelves',
      sql`select ${holdColumns} ${heldOn(pharmacy, products)} order by r.id for update of r`,
    ),
    lockShelves(
      tx,
      products.map((product) => ({ pharmacy, product })),
    ),
    lockHoldsOfLocked(tx, pharmacy, products),
  ])
  return { shelves, ...locked }
}

/** The stock of a pharmacy by product; expired holds count as available even if not yet ended. */
export async function readStock(db: Queryable, pharmacy: string): Promise<StockLevel[]> {
  const found = await rows<Shelf & { observedAt: Instant; expired: number }>(
    db,
    'read_stock',
    sql`select s.pharmacy, s.product, s.on_hand as "onHand", s.held, s.version, ${instant(sql`s.observed_at`)} as "observedAt",
          (select coalesce(sum(quantity), 0)::int from reservations r where r.pharmacy = s.pharmacy and r.product = s.product
            and r.status = 'held' and r.expires_at <= clock_timestamp()) as expired
        from stock s where s.pharmacy = ${pharmacy} order by s.product`,
  )
  return found.map(({ expired, observedAt, ...shelf }) => levelOf({ ...shelf, held: shelf.held - expired }, observedAt))
}

/** A shelf as answers show it once the effects are written. */
export function levelAfter({ shelves: [change], at }: Effects, before: Shelf): StockLevel {
  return levelOf(change?.after ?? before, at)
}

/** A shelf as answers show it. */
export function levelOf(shelf: Omit<Shelf, 'countedAt'>, observedAt: Instant): StockLevel {
  const { product, onHand, held, version } = shelf
  return {
    product,
    onHand,
    held,
    available: available({ ...shelf, countedAt: null }),
    version,
    observedAt: iso(observedAt),
  }
}

/** Which movements of a pharmacy are listed, from a position on. */
export type MovementFilter = ListFilter & { kind?: string | undefined }

/** The movements of a pharmacy, newest first, from a position on. */
export async function listMovements(
  db: Queryable,
  pharmacy: string,
  filter: MovementFilter,
  { before, limit }: { before: string | null; limit: number },
): Promise<Movement[]> {
  const found = await listed<MovementRow>(
    db,
    'list_movements',
    filter,
    sql`select ${movementColumns} from stock_movements
        where pharmacy = ${pharmacy} and id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          ${matching(filter, {
            from: (from) => sql`occurred_at >= ${timestamp(from)}`,
            to: (to) => sql`occurred_at < ${timestamp(to)}`,
            product: (product) => sql`product = ${product}`,
            kind: (kind) => sql`kind = ${kind}`,
            operator: (operator) => sql`operator = ${operator}`,
          })}
        order by id desc limit ${limit}::int`,
  )
  return found.map(movementView)
}

/** Movements that are known to be there, in the order of their ids. */
export async function readMovements(db: Queryable, ids: readonly string[]): Promise<Movement[]> {
  const found = sql`select ${movementColumns} from stock_movements where id = any (${uuids(ids)}) order by id`
  return (await rows<MovementRow>(db, 'read_movements', found)).map(movementView)
}

/** A movement as answers show it, once it is recorded. */
export function recordedView(movement: RecordedMovement, at: Instant, operator: string | undefined): Movement {
  const { id, pharmacy, product, kind, quantity, change, occurredAt } = movement
  const { reference = null, counterparty = null, lot = null, bestBefore = null, entryId = null } = movement
  return {
    ...{ id, pharmacy, product, kind, quantity, change, occurredAt: iso(occurredAt), recordedAt: iso(at) },
    ...{ reference, counterparty, lot, bestBefore, dispensation: entryId },
    ...(operator !== undefined && { operator }),
  }
}

type MovementRow = Omit<Movement, 'operator'> & { occurredAt: Instant; recordedAt: Instant; operator: string | null }

const movementColumns = sql`id, pharmacy, product, kind, quantity, change, ${instant(sql`occurred_at`)} as "occurredAt",
  ${instant(sql`recorded_at`)} as "recordedAt", reference, counterparty, lot, best_before::text as "bestBefore",
  entry_id as dispensation, operator`

function movementView({ operator, ...row }: MovementRow): Movement {
  return {
    ...row,
    occurredAt: iso(row.occurredAt),
    recordedAt: iso(row.recordedAt),
    ...(operator !== null && { operator }),
  }
}
