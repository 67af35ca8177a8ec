import type { Hold } from './entitlement.ts'

/** Masks that must come free among the holds that count for something. */
export interface Shortfall {
  missing: number
  counts(hold: Hold): boolean
}

interface Choice {
  /** Of each shortfall. */
  missing: number[]
  /** Newest first. */
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
  // The best choice for each remainder that some choice leaves. Two that leave the same need the same from there on,
  // so there are never more of them than can be missing, while there may be as many choices as subsets of the holds.
  const best = new Map<string, Choice>([[missing.join(), { missing, released: [], masks: 0 }]])
  for (const hold of holds.toReversed()) {
    for (const choice of [...best.values()]) {
      const next = also(choice, hold, shortfalls)
      const rival = best.get(next.missing.join())
      if (!rival || isBetter(next, rival, holds)) best.set(next.missing.join(), next)
    }
  }
  const sufficient = best.get(missing.map(() => 0).join())
  return sufficient && holds.filter((hold) => sufficient.released.includes(hold))
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
  const nth = one.released.findIndex((hold, index) => hold !== other.released[index])
  return nth >= 0 && holds.indexOf(one.released[nth] as Hold) > holds.indexOf(other.released[nth] as Hold)
}
