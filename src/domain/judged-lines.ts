import { allowanceFor, type EntitlementFacts } from './beneficiary.ts'
import { type Allowance, type Hold, left, type Receipt } from './entitlement.ts'
import { isRefusal, type Refusal } from './refusals.ts'
import type { Shortfall } from './release.ts'

/** A line of a hand-over, as asked for. */
export interface Line {
  product: string
  quantity: number
  lot?: string | undefined
  bestBefore?: string | undefined
}

/** A line with what it is judged by. */
export interface JudgedLine {
  product: string
  quantity: number
  lot: string | null
  bestBefore: string | null
  allowance: Allowance
  beyondCap: boolean
}

/** The same, or one that no rule has judged: off line that happens too. */
export type GrantedLine = Omit<JudgedLine, 'allowance'> & { allowance: Allowance | null }

/** Judges lines in their order, each over those before it; refuses where no rule allows a product at all. */
export function judgeLines(facts: EntitlementFacts, lines: readonly Line[], holds: Hold[]): JudgedLine[] | Refusal {
  const judged: JudgedLine[] = []
  const receipts: Receipt[] = []
  for (const { product, quantity, lot = null, bestBefore = null } of lines) {
    const allowance = allowanceFor(facts, product, { receipts, holds })
    if (isRefusal(allowance)) return { ...allowance, judged: { product, quantity } }
    judged.push({ product, quantity, lot, bestBefore, allowance, beyondCap: quantity > allowance.remaining })
    receipts.push({ product, quantity, at: facts.occurredAt })
  }
  return judged
}

/** Judges lines that were handed over already: one may lie beyond its cap, and one that no rule allows has none. */
export function judgeAfterwards(facts: EntitlementFacts, lines: readonly Line[], holds: Hold[]): GrantedLine[] {
  const receipts: Receipt[] = []
  return lines.map((line) => {
    const { product, quantity } = line
    const allowance = allowanceFor(facts, product, { receipts, holds })
    receipts.push({ product, quantity, at: facts.occurredAt })
    if (isRefusal(allowance)) return unjudged(line, true)
    return { ...unjudged(line, quantity > allowance.remaining), allowance }
  })
}

/** A line that no rule judges. */
export function unjudged({ product, quantity, lot, bestBefore }: Line, beyondCap: boolean): GrantedLine {
  return { product, quantity, lot: lot ?? null, bestBefore: bestBefore ?? null, allowance: null, beyondCap }
}

/** Whether all lines are within their caps. */
export function isWithinCaps(judged: JudgedLine[] | Refusal): judged is JudgedLine[] {
  return !isRefusal(judged) && judged.every(({ beyondCap }) => !beyondCap)
}

/** What the lines lack in each cap that they pass, to be made up for by releasing holds that count against it. */
export function shortfallsOf(judged: readonly JudgedLine[]): Shortfall[] {
  return judged.flatMap(({ quantity, allowance }) =>
    allowance.usages
      .map((usage) => ({
        missing: quantity - left(usage),
        counts: ({ product }: Hold) => usage.products.includes(product),
      }))
      .filter(({ missing }) => missing > 0),
  )
}
