import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'
import { invalid, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import * as shelves from '../../domain/shelf.ts'
import { turningPoints } from '../../store/events.ts'
import { applyStockEffects, ensureShelf } from '../../store/shelves.ts'
import { changeSince, findShelfPlace, levelOf, lockShelfWithHolds } from './queries.ts'
import type { StockLevel } from './schema.ts'
import { fitHolds } from './shortfall.ts'

interface Count {
  pharmacy: string
  product: string
  onHand: number
  countedAt: Instant
  operator: string | undefined
}

/**
 * Sets the stock on hand to what was counted plus the movements since. When the newest reservations no longer fit, they
 * are cancelled. `created` says that the pharmacy declares this product for the first time.
 */
export async function count(
  tx: Transaction,
  request: Count,
): Promise<{ level: StockLevel; created: boolean } | Refusal> {
  const { pharmacy, product, operator } = request
  const [place, created, { shelf, holds, at }, since] = await Promise.all([
    findShelfPlace(tx, pharmacy, product),
    ensureShelf(tx, pharmacy, product, 'any'),
    lockShelfWithHolds(tx, pharmacy, product),
    // Of a clock that runs ahead too: nothing is recorded after now.
    changeSince(tx, pharmacy, product, request.countedAt),
  ])
  if (!place.pharmacyKnown) throw new Rejection('not_found', 'There is no such pharmacy.')
  if (place.productActive === null) throw new Rejection('not_found', 'There is no such product in the catalogue.')
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  if (request.countedAt > at + CLOCK_SKEW_MS) throw invalid('countedAt', 'lies more than 5 minutes ahead')
  // A clock that runs ahead must not swallow the hand-overs of the next minutes as if they had been counted.
  const countedAt = Math.min(request.countedAt, at)
  if (shelf.countedAt !== null && countedAt < shelf.countedAt) {
    return refused('stock_count_outdated', `A later count, of ${iso(shelf.countedAt)}, is recorded already.`, {
      countedAt: iso(shelf.countedAt),
    })
  }
  const counted = shelves.count(shelf, request.onHand, since, countedAt)
  const fitted = fitHolds(counted.shelf, holds, at)
  applyStockEffects(tx, {
    at,
    before: [shelf],
    after: [fitted.shelf],
    movements: counted.movements.map((movement) => ({ ...movement, id: uuidv7() })),
    ended: fitted.ended,
    events: [
      { type: 'stock.declared', subject: pharmacy, ids: { pharmacy, product } },
      ...fitted.events,
      ...turningPoints([shelf], [fitted.shelf]),
    ],
    operator,
  })
  return { level: levelOf(fitted.shelf, at), created }
}
