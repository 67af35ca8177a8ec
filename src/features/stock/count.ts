import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { CLOCK_SKEW_MS } from '../../domain/instant.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import { type Count, countEffects, decideCount, tooFarAhead } from '../../domain/stock-changes.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { changeSince, findShelfPlace, levelAfter, lockShelfWithHolds } from './queries.ts'
import type { StockLevel } from './schema.ts'

interface CountRequest extends Count {
  pharmacy: string
  product: string
  operator: string | undefined
}

/**
 * Sets the stock on hand to the count plus the movements since. Cancels the newest reservations if they no longer fit.
 * `created` says that the pharmacy declares this product for the first time.
 */
export async function count(
  tx: Transaction,
  request: CountRequest,
): Promise<{ level: StockLevel; created: boolean } | Refusal> {
  const { pharmacy, product, operator } = request
  const [place, created, locked, since] = await Promise.all([
    findShelfPlace(tx, pharmacy, product),
    ensureShelf(tx, pharmacy, product, 'any'),
    lockShelfWithHolds(tx, pharmacy, product),
    // Even if the caller's clock runs ahead, nothing is recorded as later than now.
    changeSince(tx, pharmacy, product, request.countedAt),
  ])
  if (!place.pharmacyKnown) throw noSuch('pharmacy')
  if (place.productActive === null) throw noSuch('product')
  const { shelf, at } = locked
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  if (request.countedAt > at + CLOCK_SKEW_MS) throw invalid('countedAt', tooFarAhead)
  const facts = { ...locked, shelf }
  const counted = decideCount(facts, request, { since })
  if (isRefusal(counted)) return counted
  const effects = countEffects(facts, counted, { since, operator }, draw)
  writeEffects(tx, effects)
  return { level: levelAfter(effects, shelf), created }
}
