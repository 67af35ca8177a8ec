import { type Draw, type Effects, endedAs, freed, type RecordedMovement, stockEffects } from './effects.ts'
import { endedEvent } from './event-records.ts'
import type { Instant } from './instant.ts'
import type { SingleMasks } from './packs.ts'
import { isRefusal, type Refusal } from './refusals.ts'
import { move, type Shelf } from './shelf.ts'
import { decideMovement, type LockedShelves } from './stock-changes.ts'

/** What a delivery note says, in single masks. */
export interface DeliveryNote {
  reference: string
  occurredAt: Instant
  counterparty?: string | undefined
  lines: readonly SingleMasks[]
}

/** The movement of a line, and its shelf after it. */
export interface DeliveredLine {
  movement: RecordedMovement
  shelf: Shelf
}

/**
 * Puts all lines of a delivery on their shelves, in their order, or none if one is of what is no longer distributed.
 */
export function deliveryEffects(
  { shelves, holds, at }: LockedShelves,
  { note, inactiveProducts }: { note: DeliveryNote; inactiveProducts: readonly string[] },
  operator: string | undefined,
  draw: Draw,
): { effects: Effects; delivered: DeliveredLine[] } | Refusal {
  const { lines, ...papers } = note
  const ended = endedAs(
    holds.filter(({ expiresAt }) => expiresAt <= at),
    { status: 'expired' },
  )
  let after = shelves.map((shelf) => freed(shelf, ended))
  const movements: RecordedMovement[] = []
  const delivered: DeliveredLine[] = []
  for (const { product, quantity, lot, bestBefore } of lines) {
    const index = after.findIndex((each) => each.product === product)
    const shelf = after[index]
    const declared = { product, kind: 'delivery', quantity, occurredAt: papers.occurredAt } as const
    const productActive = !inactiveProducts.includes(product)
    const decided = decideMovement({ shelf, holds: [], at, productActive }, declared)
    if (isRefusal(decided)) return decided
    if (!shelf) throw new Error('a line is of a shelf that is not there')
    const moved = move(shelf, { ...declared, change: decided.change }, at)
    const [movement, ...absorbed] = moved.movements.map((each) => ({ ...each, id: draw.id() }))
    if (!movement) throw new Error('a line moved nothing')
    const told = { ...movement, ...papers, lot, bestBefore }
    movements.push(told, ...absorbed)
    after = after.with(index, moved.shelf)
    delivered.push({ movement: told, shelf: moved.shelf })
  }
  const events = ended.map(endedEvent)
  return { effects: stockEffects(at, { before: shelves, after, movements, ended, events }, operator), delivered }
}
