import t from 'tap'
import type { AllocationRule } from '../../src/domain/allocation-rules.ts'
import { allowance, type Hold, type Receipt } from '../../src/domain/entitlement.ts'
import { instantOf } from '../../src/domain/instant.ts'
import { type Period, periodAt } from '../../src/domain/periods.ts'
import { fc } from '../support/seed.ts'
import { exampleRule } from './example-rule.ts'

const PRODUCTS = ['surgical', 'ffp2', 'gown']
const DAY_MS = 86_400_000
const now = instantOf('2020-05-20T12:00:00+02:00')

const products = fc.constantFrom(...PRODUCTS)
const quantities = fc.integer({ min: 1, max: 30 })

const receipts: fc.Arbitrary<Receipt> = fc.record({
  product: products,
  at: fc.integer({ min: now - 30 * DAY_MS, max: now + 300_000 }),
  quantity: quantities,
})

const holds: fc.Arbitrary<Hold> = fc.record({
  id: fc.uuid(),
  product: products,
  quantity: quantities,
  pharmacy: fc.constant('790010995'),
  expiresAt: fc.constant(now + DAY_MS),
})

const rules: fc.Arbitrary<AllocationRule> = fc
  .record({
    cap: fc.integer({ min: 1, max: 100 }),
    products: fc.subarray(PRODUCTS, { minLength: 1 }),
    subCaps: fc.uniqueArray(fc.record({ product: products, cap: fc.integer({ min: 1, max: 60 }) }), {
      selector: (sub) => sub.product,
    }),
    window: fc.constantFrom<AllocationRule['window'][]>(
      { kind: 'calendar_weeks', count: 1 },
      { kind: 'calendar_weeks', count: 2 },
      { kind: 'rolling_days', count: 7 },
      { kind: 'once' },
    ),
  })
  .map(exampleRule)

interface Case {
  rule: AllocationRule
  product: string
  receipts: Receipt[]
  holds: Hold[]
}

const cases: fc.Arbitrary<Case> = rules.chain((rule) =>
  fc.record({
    rule: fc.constant(rule),
    product: fc.constantFrom(...rule.products),
    receipts: fc.array(receipts, { maxLength: 8 }),
    holds: fc.array(holds, { maxLength: 3 }),
  }),
)

function periodOf(rule: AllocationRule): Period {
  return periodAt(rule.window, { ...rule, timeZone: 'Europe/Paris' }, now)
}

function remaining({ rule, product, receipts, holds }: Case): number {
  return allowance(rule, periodOf(rule), product, receipts, holds).remaining
}

t.test('what remains is never below zero nor above any cap, and follows from the figures beside it', async () => {
  fc.assert(
    fc.property(cases, ({ rule, product, receipts, holds }) => {
      const { cap, received, held, remaining } = allowance(rule, periodOf(rule), product, receipts, holds)
      const caps = [rule.cap, ...rule.subCaps.filter((sub) => sub.product === product).map((sub) => sub.cap)]
      return (
        remaining >= 0 &&
        caps.every((each) => remaining <= each) &&
        caps.includes(cap) &&
        remaining === Math.max(0, cap - received - held)
      )
    }),
    { numRuns: 1000 },
  )
})

t.test('a further receipt or hold never leaves more', async () => {
  fc.assert(
    fc.property(cases, receipts, holds, (before, receipt, hold) => {
      const left = remaining(before)
      return (
        remaining({ ...before, receipts: [...before.receipts, receipt] }) <= left &&
        remaining({ ...before, holds: [...before.holds, hold] }) <= left
      )
    }),
    { numRuns: 1000 },
  )
})

t.test('granting no more than remains never takes any product of the rule above a cap', async () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: 1, max: 100 }), (before, asked) => {
      const quantity = Math.min(asked, remaining(before))
      fc.pre(quantity > 0)
      const after = [...before.receipts, { product: before.product, at: now, quantity }]
      const total = allowance(
        { ...before.rule, subCaps: [] },
        periodOf(before.rule),
        before.product,
        after,
        before.holds,
      )
      const own = allowance(before.rule, periodOf(before.rule), before.product, after, before.holds)
      return total.received + total.held <= total.cap && own.received + own.held <= own.cap
    }),
    { numRuns: 1000 },
  )
})

t.test('a reversal restores exactly what there was before its original, whenever that was', async () => {
  fc.assert(
    fc.property(cases, receipts, (before, original) => {
      const reversal = { ...original, quantity: -original.quantity }
      return remaining({ ...before, receipts: [...before.receipts, original, reversal] }) === remaining(before)
    }),
    { numRuns: 1000 },
  )
})

t.test('what remains does not depend on the order of receipts', async () => {
  fc.assert(
    fc.property(
      cases,
      (before) => remaining({ ...before, receipts: before.receipts.toReversed() }) === remaining(before),
    ),
  )
})
