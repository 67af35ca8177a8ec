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
  type ShelfFacts,
  takesFree,
  tooFarAhead,
} from '../../domain/stock-changes.ts'
import type { Kept } from '../../http/once.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { ensureShelf } from '../../store/shelves.ts'
import { findShelfPlace, levelAfter, lockShelfWithHolds, readMovements, recordedView } from './queries.ts'
import type { Movement, MovementRequest, StockLevel } from './schema.ts'

/** A movement at a pharmacy. */
export interface Move extends MovementRequest {
  pharmacy: string
  operator: string | undefined
}

export type Moved = Movement & { stock: StockLevel; flags?: string[] | undefined }

/** How the answer is kept for a retry: the movement tells all but the stock after it. */
export const keptWithMovement: Kept<Moved> = {
  rest: ({ stock, operator, flags }) => ({ ...stock, operator, ...(flags && { flags }) }),
  remake: async (tx, id, rest) => {
    // Earlier releases neither showed the operator nor kept it here.
    const { operator, flags, ...stock } = rest as StockLevel & Pick<Moved, 'operator' | 'flags'>
    const [found] = await readMovements(tx, [id])
    if (!found) return undefined
    const { operator: _, ...movement } = found
    return { ...movement, ...(operator && { operator }), stock, ...(flags && { flags }) }
  },
}

/**
 * Records a movement. Refuses masks coming in of a product that is no longer distributed, and returns and transfers
 * above what is available. A loss is always taken, down to 0, and may cancel the newest reservations.
 */
export async function move(tx: Transaction, request: Move): Promise<Moved | Refusal> {
  const { pharmacy, product, kind } = request
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
  return record(tx, { ...locked, shelf }, request, decided.change)
}

/** Writes a movement as it was decided, and answers it. */
export function record(tx: Transaction, facts: ShelfFacts, request: Move, change: number): Moved {
  const { operator } = request
  const id = draw.id()
  const effects = movementEffects(facts, { ...papersOf(request), id, change }, operator, draw)
  writeEffects(tx, effects)
  const declared = effects.movements.find((movement) => movement.id === id)
  if (!declared) throw new Error('a movement moved nothing')
  return { ...recordedView(declared, facts.at, operator), stock: levelAfter(effects, facts.shelf) }
}

function papersOf({ kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }: Move) {
  return { kind, quantity, occurredAt, reference, counterparty, lot, bestBefore }
}
