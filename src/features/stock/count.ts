import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'
import { invalid, type Refusal, refused } from '../../domain/problems.ts'
import * as shelves from '../../domain/shelf.ts'
import { turningPoints } from '../../store/events.ts'
import { requireShelfPlace } from '../../store/places.ts'
import { applyStockEffects, ensureShelf } from '../../store/shelves.ts'
import { changeSince, levelOf, lockShelfWithHolds } from './queries.ts'
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
  await requireShelfPlace(tx, pharmacy, product)
  const created = await ensureShelf(tx, pharmacy, product)
  const { shelf, holds, at } = await lockShelfWithHolds(tx, pharmacy, product)
  if (request.countedAt > at + CLOCK_SKEW_MS) throw invalid('countedAt', 'lies more than 5 minutes ahead')
  // A clock that runs ahead must not swallow the hand-overs of the next minutes as if they had been counted.
  const countedAt = Math.min(request.countedAt, at)
  if (shelf.countedAt !== null && countedAt < shelf.countedAt) {
    return refused('stock_count_outdated', `A later count, of ${iso(shelf.countedAt)}, is recorded already.`, {
      countedAt: iso(shelf.countedAt),
    })
  }
  const counted = shelves.count(shelf, request.onHand, await changeSince(tx, shelf, countedAt), countedAt)
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
