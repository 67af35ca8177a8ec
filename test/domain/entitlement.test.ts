import t from 'tap'
import { type AllocationRule, ruleFor } from '../../src/domain/allocation-rules.ts'
import { allowance, type Hold, type Receipt } from '../../src/domain/entitlement.ts'
import { type Instant, instantOf } from '../../src/domain/instant.ts'
import { periodAt } from '../../src/domain/periods.ts'
import { exampleRule } from './example-rule.ts'

const monday = instantOf('2020-05-11T09:00:00+02:00')
const tuesday = instantOf('2020-05-12T09:00:00+02:00')
const thursday = instantOf('2020-05-14T09:00:00+02:00')

function received(quantity: number, product = 'surgical', at = monday): Receipt {
  return { product, at, quantity }
}

function held(quantity: number, product = 'surgical'): Hold {
  return { id: `hold-${quantity}`, product, quantity, pharmacy: '790010995', expiresAt: thursday }
}

function figures(
  rule: AllocationRule,
  product: string,
  receipts: Receipt[],
  holds: Hold[] = [],
  at: Instant = thursday,
): number[] {
  const period = periodAt(rule.window, { ...rule, timeZone: 'Europe/Paris' }, at)
  const { cap, received: taken, held: promised, remaining } = allowance(rule, period, product, receipts, holds)
  return [cap, taken, promised, remaining]
}

const physiotherapists = exampleRule({ cap: 18, subCaps: [{ product: 'ffp2', cap: 6 }] })

t.test('nothing received leaves the whole cap', async (t) => {
  t.same(figures(exampleRule(), 'surgical', []), [24, 0, 0, 24])
})

t.test('masks of every product of the rule, received and held, use up its cap', async (t) => {
  t.same(
    figures(exampleRule(), 'surgical', [received(6), received(4, 'ffp2')], [held(3), held(2, 'ffp2')]),
    [24, 10, 5, 9],
  )
})

t.test('a product that the rule does not name uses up nothing', async (t) => {
  t.same(figures(exampleRule(), 'surgical', [received(6, 'gown')], [held(3, 'gown')]), [24, 0, 0, 24])
})

t.test('a sub-cap limits its own product alone', async (t) => {
  t.same(figures(physiotherapists, 'ffp2', [received(4, 'ffp2'), received(5)], [held(1, 'ffp2')]), [6, 4, 1, 1])
  t.same(figures(physiotherapists, 'surgical', [received(4, 'ffp2'), received(5)], [held(1, 'ffp2')]), [18, 9, 1, 8])
})

t.test('the figures are those of the total where it leaves less than the sub-cap', async (t) => {
  t.same(figures(physiotherapists, 'ffp2', [received(15), received(1, 'ffp2')]), [18, 16, 0, 2])
})

t.test('the figures are those of the total where both leave the same', async (t) => {
  t.same(figures(physiotherapists, 'ffp2', [received(14)], [held(2, 'ffp2')]), [18, 14, 2, 2], 'the sub-cap leaves 4')
  t.same(figures(physiotherapists, 'ffp2', [received(12), received(2, 'ffp2')]), [18, 14, 0, 4])
})

t.test('the allowance names its product, rule and period', async (t) => {
  const period = periodAt({ kind: 'once' }, { ...physiotherapists, timeZone: 'Europe/Paris' }, thursday)
  const { product, rule, period: judged } = allowance(physiotherapists, period, 'ffp2', [], [])
  t.equal(product, 'ffp2')
  t.equal(rule, physiotherapists)
  t.equal(judged, period)
})

t.test('what was received in another week does not count', async (t) => {
  const receipts = [
    received(5, 'surgical', instantOf('2020-05-10T23:59:59.999+02:00')),
    received(7, 'surgical', instantOf('2020-05-11T00:00:00+02:00')),
    received(9, 'surgical', instantOf('2020-05-18T00:00:00+02:00')),
  ]
  t.same(figures(exampleRule(), 'surgical', receipts), [24, 7, 0, 17])
})

t.test('a reversal gives back in the week of its original', async (t) => {
  const lastWeek = instantOf('2020-05-08T09:00:00+02:00')
  t.same(figures(exampleRule(), 'surgical', [received(10), received(-4)]), [24, 6, 0, 18])
  t.same(
    figures(exampleRule(), 'surgical', [
      received(10, 'surgical', lastWeek),
      received(-10, 'surgical', lastWeek),
      received(3),
    ]),
    [24, 3, 0, 21],
    'nothing of this week',
  )
})

t.test('an override or a late hand-over above the cap leaves 0, never less', async (t) => {
  t.same(figures(exampleRule(), 'surgical', [received(24), received(10)], [held(2)]), [24, 34, 2, 0])
})

t.test('a cap lowered in mid-week counts what was received under the higher one', async (t) => {
  const wednesday = instantOf('2020-05-13T00:00:00+02:00')
  const rules = [exampleRule({ id: 'higher', cap: 24 }), exampleRule({ id: 'lowered', cap: 18, validFrom: wednesday })]
  const judgedAt = (at: Instant, receipts: Receipt[]) => {
    const choice = ruleFor(rules, { profession: '10' }, 'surgical', ['FR'], at)
    if (!('rule' in choice)) throw new Error(choice.none)
    return figures(choice.rule, 'surgical', receipts, [], at)
  }
  t.same(judgedAt(wednesday - 1, [received(20)]), [24, 20, 0, 4])
  t.same(judgedAt(wednesday, [received(20)]), [18, 20, 0, 0])
  t.same(judgedAt(thursday, [received(12), received(2, 'ffp2', tuesday)]), [18, 14, 0, 4])
})

t.test('a cap given once is not renewed by the next week', async (t) => {
  const box = exampleRule({ cap: 50, products: ['surgical'], window: { kind: 'once' } })
  t.same(figures(box, 'surgical', [received(50)], [], monday + 30 * 86_400_000), [50, 50, 0, 0])
})

t.test('a rolling cap comes back 7 days after the receipt', async (t) => {
  const taiwan = exampleRule({ cap: 2, window: { kind: 'rolling_days', count: 7 } })
  const later = monday + 7 * 86_400_000
  t.same(figures(taiwan, 'surgical', [received(2)], [], later - 1), [2, 2, 0, 0])
  t.same(figures(taiwan, 'surgical', [received(2)], [], later), [2, 0, 0, 2])
})
