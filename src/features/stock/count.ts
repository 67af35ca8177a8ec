import type { Transaction } from '../../db/database.ts'
import { send } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { StaleRead } from '../../db/transaction.ts'
import { type Effects, together } from '../../domain/effects.ts'
import { CLOCK_SKEW_MS } from '../../domain/instant.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal, Rejection } from '../../domain/refusals.ts'
import { type Count, countEffects, decideCount, type LockedShelves, tooFarAhead } from '../../domain/stock-changes.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { changesSince, ensureCountedShelves } from './count-queries.ts'
import { findShelfPlaces, levelAfter, lockShelvesWithHolds } from './queries.ts'
import type { StockLevel } from './schema.ts'

export interface ProductCount extends Count {
  product: string
}

interface At {
  pharmacy: string
  operator: string | undefined
}

/** What became of a count. */
export type Counted = { level: StockLevel; created: boolean } | Refusal | Rejection

/**
 * Sets the stock on hand to the count plus the movements since. Cancels the newest reservations if they no longer fit.
 * `created` says that the pharmacy declares this product for the first time.
 */
export async function count(
  tx: Transaction,
  { product, onHand, countedAt, ...at }: ProductCount & At,
): Promise<{ level: StockLevel; created: boolean } | Refusal> {
  const { outcomes, effects } = await judgeCounts(tx, [{ product, onHand, countedAt }], at)
  const [outcome] = outcomes
  if (outcome === undefined) throw new Error('a count has no outcome')
  if (outcome instanceof Rejection) throw outcome
  if (!isRefusal(outcome)) writeEffects(tx, effects)
  return outcome
}

/**
 * Does the same for many products, each once, and says of each in its order what became of it; those that are refused
 * hold up no other.
 */
export async function countEach(tx: Transaction, counts: readonly ProductCount[], at: At): Promise<Counted[]> {
  if (counts.length === 0) return []
  const { outcomes, effects } = await judgeCounts(tx, counts, at)
  writeEffects(tx, effects)
  return outcomes
}

/** Does the same for all or none: then the outcomes of those that were refused tell why, and nothing is written. */
export async function countAll(tx: Transaction, counts: readonly ProductCount[], at: At): Promise<Counted[]> {
  send(tx, 'savepoint', sql`savepoint before_shelf`)
  const { outcomes, effects } = await judgeCounts(tx, counts, at)
  // A refusal leaves no empty shelf behind.
  if (outcomes.every(isTaken)) writeEffects(tx, effects)
  else send(tx, 'rollback_to_savepoint', sql`rollback to savepoint before_shelf`)
  return outcomes
}

/** Whether a count was taken. */
export function isTaken(outcome: Counted): outcome is Exclude<Counted, Refusal | Rejection> {
  return !(outcome instanceof Rejection) && !isRefusal(outcome)
}

// In one flush, however many they are.
async function judgeCounts(
  tx: Transaction,
  counts: readonly ProductCount[],
  { pharmacy, operator }: At,
): Promise<{ outcomes: Counted[]; effects: Effects }> {
  const products = counts.map(({ product }) => product)
  const [place, created, locked, since] = await Promise.all([
    findShelfPlaces(tx, pharmacy, products),
    ensureCountedShelves(tx, pharmacy, counts),
    lockShelvesWithHolds(tx, pharmacy, products),
    // Even if the caller's clock runs ahead, nothing is recorded as later than now.
    changesSince(tx, pharmacy, counts),
  ])
  if (!place.pharmacyKnown) throw noSuch('pharmacy')
  const known = new Set(place.products.map(({ code }) => code))
  const all: Effects[] = []
  const outcomes = counts.map((each): Counted => {
    if (!known.has(each.product)) return noSuch('product')
    if (each.countedAt > locked.at + CLOCK_SKEW_MS) return invalid('countedAt', tooFarAhead)
    const judged = judge(locked, each, { since: since.get(each.product) ?? 0, operator })
    if (isRefusal(judged)) return judged
    all.push(judged.effects)
    return { level: judged.level, created: created.includes(each.product) }
  })
  return { outcomes, effects: together(locked.at, all, operator) }
}

function judge(
  { shelves, holds, at }: LockedShelves,
  { product, ...counted }: ProductCount,
  { since, operator }: { since: number; operator: string | undefined },
): { level: StockLevel; effects: Effects } | Refusal {
  const shelf = shelves.find((each) => each.product === product)
  if (!shelf) throw new StaleRead('the pharmacy or the product came in between')
  const facts = { shelf, holds: holds.filter((hold) => hold.product === product), at }
  const decided = decideCount(facts, counted, { since })
  if (isRefusal(decided)) return decided
  const effects = countEffects(facts, decided, { since, operator }, draw)
  return { level: levelAfter(effects, shelf), effects }
}
