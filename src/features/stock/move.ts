import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { CLOCK_SKEW_MS } from '../../domain/instant.ts'
import { noSuch, unknown } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal } from '../../domain/refusals.ts'
import {
  comesIn,
  decideMovement,
  movementEffects,
  notItself,
  takesFree,
  tooFarAhead,
} from '../../domain/stock-changes.ts'
import type { Kept } from '../../http/effects.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { findShelfPlace, levelAfter, lockShelfWithHolds, readMovements, recordedView } from './queries.ts'
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
    const [found] = await readMovements(tx, [id])
    if (!found) return undefined
    const { operator: _, ...movement } = found
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
  if (request.counterparty === pharmacy) throw invalid('counterparty', notItself)
  if (request.occurredAt > at + CLOCK_SKEW_MS) throw invalid('occurredAt', tooFarAhead)
  const decided = decideMovement({ ...locked, productActive: place.productActive }, request)
  if (isRefusal(decided)) return decided
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  const { change } = decided
  const id = draw.id()
  const effects = movementEffects({ ...locked, shelf }, { ...papersOf(request), id, change }, operator, draw)
  writeEffects(tx, effects)
  const [declared] = effects.movements
  if (!declared) throw new Error('a movement moved nothing')
  return { ...recordedView(declared, at, operator), stock: levelAfter(effects, shelf) }
}

function papersOf({ kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }: Move) {
  return { kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }
}
