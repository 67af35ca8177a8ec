import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'
import { noSuch, unknown } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import { comesIn, decideMovement, movementEffects, takesFree, tooFarAhead } from '../../domain/stock-changes.ts'
import type { Kept } from '../../http/effects.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { findShelfPlace, levelAfter, lockShelfWithHolds, readMovement } from './queries.ts'
import type { Movement, MovementRequest, StockLevel } from './schema.ts'

interface Move extends MovementRequest {
  pharmacy: string
  operator: string | undefined
}

type Moved = Movement & { stock: StockLevel }

/** How the answer is kept for a retry: the movement tells all but the stock after it. */
export const keptWithMovement: Kept<Moved> = {
  rest: ({ stock, operator }) => ({ ...stock, operator }),
  remake: async (tx, id, rest) => {
    // Earlier releases neither showed the operator nor kept it here.
    const { operator, ...stock } = rest as StockLevel & Pick<Movement, 'operator'>
    const { operator: _, ...movement } = await readMovement(tx, id)
    return { ...movement, ...(operator && { operator }), stock }
  },
}

/**
 * Records a movement. Refuses masks coming in of a product that is no longer distributed, and returns and transfers
 * above what is available. A loss is always taken, down to 0, and may cancel the newest reservations.
 */
export async function move(tx: Transaction, request: Move): Promise<Moved | Refusal> {
  const { pharmacy, product, kind, operator } = request
  const [place, , locked] = await Promise.all([
    findShelfPlace(tx, pharmacy, product),
    // A refusal leaves nothing behind, not even an empty shelf.
    takesFree(kind) ? false : ensureShelf(tx, pharmacy, product, comesIn(kind) ? 'active' : 'any'),
    lockShelfWithHolds(tx, pharmacy, product),
  ])
  if (place.productActive === null) throw unknown('product', 'product')
  if (!place.pharmacyKnown) throw noSuch('pharmacy')
  const { shelf, at } = locked
  if (request.counterparty === pharmacy)
    throw invalid('counterparty', { en: 'must be another pharmacy', fr: 'doit être une autre officine' })
  if (request.occurredAt > at + CLOCK_SKEW_MS) throw invalid('occurredAt', tooFarAhead)
  const decided = decideMovement({ ...locked, productActive: place.productActive }, request)
  if (isRefusal(decided)) return decided
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  const { change } = decided
  const id = draw.id()
  const effects = movementEffects({ ...locked, shelf }, { ...papersOf(request), id, change }, operator, draw)
  writeEffects(tx, effects)
  return { ...answerOf(request, { id, change, at }), stock: levelAfter(effects, shelf) }
}

function papersOf({ kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }: Move) {
  return { kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }
}

function answerOf(request: Move, { id, change, at }: { id: string; change: number; at: Instant }): Movement {
  const { reference, counterparty, lot, bestBefore, ...declared } = papersOf(request)
  return {
    ...declared,
    id,
    pharmacy: request.pharmacy,
    product: request.product,
    change,
    occurredAt: iso(request.occurredAt),
    recordedAt: iso(at),
    reference: reference ?? null,
    counterparty: counterparty ?? null,
    lot: lot ?? null,
    bestBefore: bestBefore ?? null,
    dispensation: null,
    ...(request.operator && { operator: request.operator }),
  }
}
