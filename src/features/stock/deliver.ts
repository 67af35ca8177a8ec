import type { Transaction } from '../../db/database.ts'
import { row, send } from '../../db/query.ts'
import { instant, sql } from '../../db/sql.ts'
import { StaleRead } from '../../db/transaction.ts'
import { type DeliveredLine, type DeliveryNote, deliveryEffects } from '../../domain/delivery.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'
import { noSuch, requireKnown } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import { notItself, tooFarAhead } from '../../domain/stock-changes.ts'
import type { Kept } from '../../http/once.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { findShelfPlaces, levelOf, lockShelvesWithHolds, readMovements, recordedView } from './queries.ts'
import type { Delivery, StockLevel } from './schema.ts'

interface DeliveryRequest extends DeliveryNote {
  pharmacy: string
  operator: string | undefined
}

interface KeptDelivery {
  movements: { id: string; stock: StockLevel }[]
  warnings?: Delivery['warnings']
}

/** How the answer is kept for a retry: the movements tell all but the stock after each, and warnings. */
export const keptWithDelivery: Kept<Delivery> = {
  rest: ({ movements, warnings }) => ({
    movements: movements.map(({ id, stock }) => ({ id, stock })),
    ...(warnings && { warnings }),
  }),
  remake: async (tx, _id, rest) => {
    const kept = rest as KeptDelivery
    const found = await readMovements(
      tx,
      kept.movements.map(({ id }) => id),
    )
    const stockOf = (nth: number) => kept.movements[nth]?.stock as StockLevel
    return answerOf(
      found.map((movement, nth) => ({ ...movement, stock: stockOf(nth) })),
      kept.warnings,
    )
  },
}

/**
 * Records all lines of a delivery, or none if one is of a product that is no longer distributed. A delivery note that
 * has come before is recorded again, with a warning: suppliers number theirs anew, and the counter knows best.
 */
export async function deliver(tx: Transaction, request: DeliveryRequest): Promise<Delivery | Refusal> {
  const { pharmacy, operator, lines, occurredAt } = request
  const products = [...new Set(lines.map(({ product }) => product))].sort()
  send(tx, 'savepoint', sql`savepoint before_shelf`)
  const [place, locked, repeated] = await Promise.all([
    findShelfPlaces(tx, pharmacy, products),
    lockAll(tx, pharmacy, products),
    findSameNote(tx, request), // After the locks, so that of two at once the later one sees the other.
  ])
  const named = lines.map(({ product }, index) => ({ path: `lines[${index}].product`, code: product }))
  requireKnown('product', named, place.products)
  if (!place.pharmacyKnown) throw noSuch('pharmacy')
  if (request.counterparty === pharmacy) throw invalid('counterparty', notItself)
  if (occurredAt > locked.at + CLOCK_SKEW_MS) throw invalid('occurredAt', tooFarAhead)
  const inactiveProducts = place.products.filter(({ active }) => !active).map(({ code }) => code)
  const known = new Set([...locked.shelves.map(({ product }) => product), ...inactiveProducts])
  if (!products.every((product) => known.has(product))) throw new StaleRead('the pharmacy or a product came in between')
  const done = deliveryEffects(locked, { note: noteOf(request), inactiveProducts }, operator, draw)
  if (isRefusal(done)) {
    send(tx, 'rollback_to_savepoint', sql`rollback to savepoint before_shelf`) // It leaves no empty shelf behind.
    return done
  }
  writeEffects(tx, done.effects)
  const movements = done.delivered.map((line) => shown(line, locked.at, operator))
  return answerOf(movements, repeated && [{ code: 'reference_repeated', ...repeated }])
}

// Shelves are made in the order in which everybody locks them.
async function lockAll(tx: Transaction, pharmacy: string, products: readonly string[]) {
  const made = products.map((product) => ensureShelf(tx, pharmacy, product, 'active'))
  const [locked] = await Promise.all([lockShelvesWithHolds(tx, pharmacy, products), ...made])
  return locked
}

const REPEATED_DAYS = 30

/** The first movement of the last delivery by the same note, from the same counterparty, within 30 days. */
async function findSameNote(
  tx: Transaction,
  { pharmacy, reference, counterparty }: DeliveryRequest,
): Promise<{ id: string; occurredAt: string } | undefined> {
  const found = await row<{ id: string; occurredAt: Instant }>(
    tx,
    'find_same_delivery_note',
    sql`select id, ${instant(sql`occurred_at`)} as "occurredAt" from stock_movements
        where pharmacy = ${pharmacy} and reference = ${reference} and kind = 'delivery'
          and counterparty is not distinct from ${counterparty ?? null}
          and recorded_at > statement_timestamp() - make_interval(days => ${REPEATED_DAYS}::int)
        order by recorded_at desc, id limit 1`,
  )
  return found && { ...found, occurredAt: iso(found.occurredAt) }
}

function noteOf({ reference, occurredAt, counterparty, lines }: DeliveryRequest): DeliveryNote {
  return { reference, occurredAt, counterparty, lines }
}

function shown(
  { movement, shelf }: DeliveredLine,
  at: Instant,
  operator: string | undefined,
): Delivery['movements'][number] {
  return { ...recordedView(movement, at, operator), stock: levelOf(shelf, at) }
}

function answerOf(movements: Delivery['movements'], warnings: Delivery['warnings']): Delivery {
  const [first] = movements
  if (!first) throw new Error('a delivery has no line')
  const { id, occurredAt, reference, counterparty } = first
  return { id, reference, occurredAt, counterparty, movements, ...(warnings && { warnings }) }
}
