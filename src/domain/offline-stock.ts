import { type Draw, type Effects, stockEffects } from './effects.ts'
import { type Flag, inOrder, latenessOf } from './flags.ts'
import { isRefusal, type Refusal } from './refusals.ts'
import { supersededCount } from './shelf.ts'
import {
  type Count,
  comesIn,
  countEffects,
  type Declaration,
  decideCount,
  decideMovement,
  type LockedShelf,
  type ShelfFacts,
} from './stock-changes.ts'

/** Decides a movement that has taken place off line: what would have been refused is a flag. */
export function decideOfflineMovement(
  facts: LockedShelf & { productActive: boolean },
  declared: Declaration,
): { change: number; flags: Flag[] } {
  const { kind, quantity, occurredAt } = declared
  const late = latenessOf(occurredAt, facts.at)
  const decided = decideMovement(facts, declared)
  if (!isRefusal(decided)) return { ...decided, flags: late }
  const isInactive = decided.refused === 'product_inactive'
  return {
    change: comesIn(kind) ? quantity : -quantity,
    flags: inOrder([...late, isInactive ? 'inactive_product' : 'stock_discrepancy']),
  }
}

/** The effects of a count that was taken off line. One older than the newest is recorded, and changes nothing. */
export function offlineCountEffects(
  facts: ShelfFacts,
  count: Count,
  more: { since: number; operator: string | undefined },
  draw: Draw,
): { effects: Effects; flags: Flag[] } | Refusal {
  const flags = latenessOf(count.countedAt, facts.at)
  const decided = decideCount(facts, count, more)
  if (!isRefusal(decided)) return { effects: countEffects(facts, decided, more, draw), flags }
  if (decided.refused !== 'stock_count_outdated') return decided
  return { effects: supersededEffects(facts, count, more.operator, draw), flags }
}

function supersededEffects(
  { shelf, at }: ShelfFacts,
  { countedAt }: Count,
  operator: string | undefined,
  draw: Draw,
): Effects {
  const { shelf: after, movements } = supersededCount(shelf, countedAt)
  const recorded = movements.map((movement) => ({ ...movement, id: draw.id() }))
  return stockEffects(at, { before: [shelf], after: [after], movements: recorded, events: [] }, operator)
}
