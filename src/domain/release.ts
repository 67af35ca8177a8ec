import type { Hold } from './entitlement.ts'

/** Masks that must come free among the holds that count for something. */
export interface Shortfall {
  missing: number
  counts(hold: Hold): boolean
}

interface Choice {
  /** Of each shortfall. */
  missing: number[]
  released: Hold[]
  masks: number
}

/**
 * The holds to release so that nothing is missing any more, with the fewest masks, so that as many as can be stay set
 * aside for the professional; among equals the fewest holds, and then the newest. Undefined if all of them together do
 * not suffice. `holds` are oldest first, and so is what is returned.
 */
export function leastRelease(holds: readonly Hold[], shortfalls: readonly Shortfall[]): Hold[] | undefined {
  const missing = shortfalls.map((each) => Math.max(0, each.missing))
  // The best choice for each remainder that some choice leaves: two that leave the same need the same from there on.
  let best = new Map<string, Choice>([[missing.join(), { missing, released: [], masks: 0 }]])
  // Product by product, so that what a product alone lacks is settled, one way, before the next one is looked at.
  const ordered = holds.toSorted((a, b) => (a.product < b.product ? -1 : Number(a.product > b.product)))
  for (const [nth, hold] of ordered.entries()) {
    const toCome = quantitiesOf(ordered.slice(nth + 1), shortfalls)
    const next = new Map<string, Choice>()
    for (const choice of [...best.values()].flatMap((without) => [without, also(without, hold, shortfalls)])) {
      if (choice.missing.some((left, index) => left > (toCome[index] ?? 0))) continue
      const rival = next.get(choice.missing.join())
      if (!rival || isBetter(choice, rival, holds)) next.set(choice.missing.join(), choice)
    }
    best = next
  }
  const sufficient = best.get(missing.map(() => 0).join())
  return sufficient && holds.filter((hold) => sufficient.released.includes(hold))
}

function quantitiesOf(holds: readonly Hold[], shortfalls: readonly Shortfall[]): number[] {
  return shortfalls.map(({ counts }) => holds.filter(counts).reduce((sum, { quantity }) => sum + quantity, 0))
}

function also({ missing, released, masks }: Choice, hold: Hold, shortfalls: readonly Shortfall[]): Choice {
  return {
    missing: missing.map((left, nth) => (shortfalls[nth]?.counts(hold) ? Math.max(0, left - hold.quantity) : left)),
    released: [...released, hold],
    masks: masks + hold.quantity,
  }
}

function isBetter(one: Choice, other: Choice, holds: readonly Hold[]): boolean {
  if (one.masks !== other.masks) return one.masks < other.masks
  if (one.released.length !== other.released.length) return one.released.length < other.released.length
  // Of the holds that only one of them releases, the newest.
  const newest = holds.findLast((hold) => one.released.includes(hold) !== other.released.includes(hold))
  return newest !== undefined && one.released.includes(newest)
}
