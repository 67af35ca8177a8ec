import t from 'tap'
import { type AllocationRule, ruleFor } from '../../../src/domain/allocation-rules.ts'
import { instantOf } from '../../../src/domain/instant.ts'
import type { RuleWindow } from '../../../src/domain/periods.ts'
import published from '../../../src/features/allocation-rules/allocation-2020.json' with { type: 'json' }

const rules = published.map(
  (rule, index): AllocationRule => ({
    ...rule,
    id: String(index),
    window: rule.window as RuleWindow,
    confidence: rule.confidence as AllocationRule['confidence'],
    validFrom: instantOf(rule.validFrom),
    validTo: instantOf(rule.validTo),
    withdrawnAt: null,
    publishedAt: instantOf(rule.validFrom),
  }),
)

/**
 * The cap for a profession in Toulouse at a local time, as `cap` or `cap/subCap`; undefined where no rule is for it.
 */
function capFor(profession: string, product: string, at: string, speciality?: string): string | undefined {
  const choice = ruleFor(rules, { profession, speciality }, product, ['FR-31', 'FR-OCC', 'FR'], instantOf(at))
  if ('none' in choice) return undefined
  const subCap = choice.rule.subCaps.find((sub) => sub.product === product)
  return subCap ? `${choice.rule.cap}/${subCap.cap}` : String(choice.rule.cap)
}

t.test('a nurse may have 18 masks in the last instant of 10 May 2020 in Paris, and 24 from the next on', async (t) => {
  t.equal(capFor('60', 'surgical', '2020-05-10T23:59:59.999+02:00'), '18')
  t.equal(capFor('60', 'surgical', '2020-05-11T00:00:00.000+02:00'), '24')
})

t.test('FFP2 masks have caps of their own within the whole', async (t) => {
  t.equal(capFor('60', 'ffp2', '2020-05-01T12:00:00+02:00'), '18/6')
  t.equal(capFor('70', 'ffp2', '2020-05-01T12:00:00+02:00'), '6/2')
  t.equal(capFor('70', 'ffp2', '2020-06-01T12:00:00+02:00'), '18/6')
  t.equal(capFor('40', 'ffp2', '2020-06-01T12:00:00+02:00'), '24')
  t.equal(capFor('91', 'ffp2', '2020-06-01T12:00:00+02:00'), undefined)
})

t.test('a biologist is told apart from other pharmacists by the section of the Ordre', async (t) => {
  t.equal(capFor('21', 'surgical', '2020-06-01T12:00:00+02:00', 'G'), '24')
  t.equal(capFor('21', 'surgical', '2020-06-01T12:00:00+02:00', 'A'), '18')
  t.equal(capFor('21', 'surgical', '2020-06-01T12:00:00+02:00'), '18')
})

t.test('one box of 50, once, is the first rule, and the distribution ends with 4 October 2020', async (t) => {
  t.equal(capFor('40', 'surgical', '2020-03-02T23:59:59.999+01:00'), undefined)
  t.equal(capFor('40', 'surgical', '2020-03-03T00:00:00.000+01:00'), '50')
  t.equal(capFor('10', 'surgical', '2020-10-04T23:59:59.999+02:00'), '24')
  t.equal(capFor('10', 'surgical', '2020-10-05T00:00:00.000+02:00'), undefined)
})

t.test('no profession is named by two rules of one time and product', async (t) => {
  const named = rules.flatMap(({ beneficiaries, products, validFrom }) =>
    beneficiaries.flatMap((one) => products.map((product) => JSON.stringify([one, product, validFrom]))),
  )
  t.equal(new Set(named).size, named.length)
})
