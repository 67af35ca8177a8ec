import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'
import { unknown } from '../../domain/named.ts'
import { invalid, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import * as shelves from '../../domain/shelf.ts'
import { turningPoints } from '../../store/events.ts'
import { applyStockEffects, ensureShelf } from '../../store/shelves.ts'
import { findShelfPlace, levelOf, lockShelfWithHolds } from './queries.ts'
import type { Movement, MovementRequest, StockLevel } from './schema.ts'
import { fitHolds } from './shortfall.ts'

interface Move extends MovementRequest {
  pharmacy: string
  operator: string | undefined
}

/**
 * Records a movement. What comes in of a product that is no longer distributed is refused; returns and transfers above
 * what is available are refused; a loss is always taken, down to 0, and may cancel the newest reservations.
 */
export async function move(tx: Transaction, request: Move): Promise<(Movement & { stock: StockLevel }) | Refusal> {
  const { pharmacy, product, kind, operator } = request
  const comesIn = kind === 'delivery' || kind === 'transfer_in'
  const takesFree = kind === 'return_to_supplier' || kind === 'transfer_out'
  const [place, , { shelf, holds, at }] = await Promise.all([
    findShelfPlace(tx, pharmacy, product),
    // A refusal leaves nothing behind, an empty shelf neither.
    takesFree ? false : ensureShelf(tx, pharmacy, product, comesIn ? 'active' : 'any'),
    lockShelfWithHolds(tx, pharmacy, product),
  ])
  if (place.productActive === null) throw unknown('product', 'product')
  if (!place.pharmacyKnown) throw new Rejection('not_found', 'There is no such pharmacy.')
  if (request.counterparty === pharmacy) throw invalid('counterparty', 'must be another pharmacy')
  if (comesIn && !place.productActive)
    return refused('product_inactive', `${product} is no longer distributed.`, { product })
  if (takesFree && !shelf) return insufficient(product, 0)
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')

  if (request.occurredAt > at + CLOCK_SKEW_MS) throw invalid('occurredAt', 'lies more than 5 minutes ahead')
  const swept = fitHolds(shelf, holds, at).shelf
  const free = shelves.available(swept)
  if (takesFree && request.quantity > free) return insufficient(product, free)
  const change = comesIn ? request.quantity : -Math.min(request.quantity, shelf.onHand)
  const moved = shelves.move(shelf, kind, request.quantity, change, request.occurredAt)
  const fitted = fitHolds(moved.shelf, holds, at)
  const [id, absorbedId] = [uuidv7(), uuidv7()]
  const { reference, counterparty, lot, bestBefore } = request
  applyStockEffects(tx, {
    at,
    before: [shelf],
    after: [fitted.shelf],
    movements: moved.movements.map((movement) =>
      movement.kind === kind
        ? { ...movement, id, reference, counterparty, lot, bestBefore }
        : { ...movement, id: absorbedId },
    ),
    ended: fitted.ended,
    events: [...fitted.events, ...turningPoints([shelf], [fitted.shelf])],
    operator,
  })
  return { ...answerOf(request, { id, change, at }), stock: levelOf(fitted.shelf, at) }
}

function insufficient(product: string, available: number): Refusal {
  return refused('stock_insufficient', `${available} masks of ${product} are available.`, { product, available })
}

function answerOf(request: Move, { id, change, at }: { id: string; change: number; at: Instant }): Movement {
  const { pharmacy, product, kind, quantity, occurredAt, reference, counterparty, lot, bestBefore } = request
  return {
    id,
    pharmacy,
    product,
    kind,
    quantity,
    change,
    occurredAt: iso(occurredAt),
    recordedAt: iso(at),
    reference: reference ?? null,
    counterparty: counterparty ?? null,
    lot: lot ?? null,
    bestBefore: bestBefore ?? null,
    dispensation: null,
  }
}
