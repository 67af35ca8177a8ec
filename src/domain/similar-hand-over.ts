import type { Instant } from './instant.ts'

/** A hand-over as far as another one is compared with it. */
export interface HandOverBefore {
  id: string
  at: Instant
  lines: { product: string; quantity: number }[]
}

/**
 * The last of these hand-overs, all to one person at one counter within two minutes, in which the same masks changed
 * hands: who scans a pack twice has mostly handed it over once.
 */
export function similarHandOver(
  lines: HandOverBefore['lines'],
  before: readonly HandOverBefore[],
): HandOverBefore | undefined {
  const asked = sumsOf(lines)
  return before.findLast((each) => {
    const given = sumsOf(each.lines)
    return given.size === asked.size && [...given].every(([product, quantity]) => asked.get(product) === quantity)
  })
}

function sumsOf(lines: HandOverBefore['lines']): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { product, quantity } of lines) sums.set(product, (sums.get(product) ?? 0) + quantity)
  return sums
}
