import type { EntitlementFacts } from './beneficiary.ts'
import type { Instant } from './instant.ts'
import { leavesAt } from './periods.ts'

/**
 * When what is refused now would first be granted, if nothing else happens: nothing is received, given back, reserved
 * or collected, and no rule is published or withdrawn. Receipts leave their windows, live holds expire, and rules
 * follow one another as published. Null if it never would: the cap is lower than the quantity, what was given once is
 * used up, or the rule ends before with none to follow it. `isGranted` is asked about single instants, and may depend
 * on nothing but its facts and on rules for these products.
 */
export function firstGrantedAt(
  facts: EntitlementFacts,
  products: readonly string[],
  isGranted: (then: EntitlementFacts) => boolean,
): Instant | null {
  return turningPoints(facts, products).find((at) => isGranted(factsAt(facts, at))) ?? null
}

// As they will be at an instant if nothing else happens.
function factsAt(facts: EntitlementFacts, at: Instant): EntitlementFacts {
  return { ...facts, at, occurredAt: at, holds: facts.holds.filter(({ expiresAt }) => expiresAt > at) }
}

/** Every instant from the hand-over on at which a quantity could begin to be granted, in their order. */
function turningPoints(facts: EntitlementFacts, products: readonly string[]): Instant[] {
  const rules = facts.rules.filter((rule) => products.some((product) => rule.products.includes(product)))
  const points = rules.flatMap((rule) => {
    const context = { ...rule, timeZone: facts.timeZone }
    const counted = facts.receipts.filter(({ product }) => rule.products.includes(product))
    const leaving = counted.map(({ at }) => leavesAt(rule.window, context, at))
    return [rule.validFrom, rule.validTo, rule.withdrawnAt, ...leaving]
  })
  const expiring = facts.holds.map(({ expiresAt }) => expiresAt)
  const ahead = [...points, ...expiring].filter((point) => point !== null && point >= facts.occurredAt)
  return [...new Set(ahead as Instant[])].sort((a, b) => a - b)
}
