import type { AllocationRule } from './allocation-rules.ts'
import type { Instant } from './instant.ts'
import type { Period } from './periods.ts'
import { countsIn } from './periods.ts'

/** One line of the ledger: masks handed over or, if the quantity is negative, given back. */
export interface Receipt {
  product: string
  /** Of the hand-over. A reversal carries that of its original, so that it gives back in the original's window. */
  at: Instant
  quantity: number
  /** Of another record, which may be the same person's: it counts, and whose it was is not told. */
  ofAnother?: boolean | undefined
}

/** Masks promised to the professional by a live reservation. */
export interface Hold {
  id: string
  product: string
  quantity: number
  /** The FINESS number of the pharmacy that keeps them. */
  pharmacy: string
  expiresAt: Instant
  /** Of another record, which may be the same person's: it counts, and only that record can give it up. */
  ofAnother?: boolean | undefined
}

/**
 * What a professional may still receive of a product, in single masks, where `remaining` is always
 * max(0, cap − received − held).
 */
export interface Allowance {
  product: string
  cap: number
  received: number
  held: number
  remaining: number
  rule: AllocationRule
  period: Period
  /** All that limit the product, the rule's own cap first. */
  usages: Usage[]
}

/** A cap on some products together, and what has been used of it. */
export interface Usage {
  cap: number
  received: number
  held: number
  products: readonly string[]
}

/** Overrides may add up to any number; what is kept of a decision is no larger than a shelf. */
export const MOST_RECEIVED = 1_000_000_000

/**
 * What a rule leaves of a product within a period. Two caps may limit it: the rule's own over all its products, and the
 * product's sub-cap. The figures are those of the cap that leaves less, or the rule's own on a tie. Receipts that do
 * not count in the period are ignored; all holds are assumed to be live.
 */
export function allowance(
  rule: AllocationRule,
  period: Period,
  product: string,
  receipts: readonly Receipt[],
  holds: readonly Hold[],
): Allowance {
  const counted = receipts.filter((receipt) => countsIn(rule.window, period, receipt.at))
  const usage = (cap: number, products: readonly string[]): Usage => ({
    cap,
    received: Math.min(quantityOf(products, counted), MOST_RECEIVED),
    held: quantityOf(products, holds),
    products,
  })
  const whole = usage(rule.cap, rule.products)
  const parts = rule.subCaps.filter((sub) => sub.product === product).map((sub) => usage(sub.cap, [product]))
  const binding = parts.reduce((least, part) => (left(part) < left(least) ? part : least), whole)
  const { cap, received, held } = binding
  return { product, cap, received, held, remaining: remainingOf(binding), rule, period, usages: [whole, ...parts] }
}

/** What is left of a cap, never below zero. */
export function remainingOf(usage: Pick<Usage, 'cap' | 'received' | 'held'>): number {
  return Math.max(0, left(usage))
}

/** The same, but negative after an override, a late hand-over or a lowered cap. */
export function left({ cap, received, held }: Pick<Usage, 'cap' | 'received' | 'held'>): number {
  return cap - received - held
}

/** How many masks of these products are in some lines together. */
export function quantityOf(
  products: readonly string[],
  lines: readonly { product: string; quantity: number }[],
): number {
  return lines.reduce((sum, line) => (products.includes(line.product) ? sum + line.quantity : sum), 0)
}
