import t from 'tap'
import { type AllocationRule, type Beneficiary, type RuleChoice, ruleFor } from '../../src/domain/allocation-rules.ts'
import { instantOf } from '../../src/domain/instant.ts'
import { fc } from '../support/seed.ts'
import { exampleRule } from './example-rule.ts'

const doctor = { profession: '10' }
const biologist = { profession: '10', speciality: 'SM03' }
const inToulouse = ['FR-31', 'FR-OCC', 'FR']
const noon = instantOf('2020-05-20T12:00:00+02:00')

function chosen(rules: AllocationRule[], beneficiary: Beneficiary = doctor, at = noon, product = 'surgical'): string {
  const choice: RuleChoice = ruleFor(rules, beneficiary, product, inToulouse, at)
  return 'rule' in choice ? choice.rule.id : choice.none
}

t.test('the rule changes between 10 May 23:59:59.999 and 11 May 00:00 in Paris', async (t) => {
  const change = instantOf('2020-05-11T00:00:00+02:00')
  const rules = [
    exampleRule({ id: 'inf-25', validFrom: instantOf('2020-04-20T00:00:00+02:00'), validTo: change }),
    exampleRule({ id: 'inf-28', validFrom: change }),
  ]
  t.equal(chosen(rules, doctor, instantOf('2020-05-10T23:59:59.999+02:00')), 'inf-25')
  t.equal(chosen(rules, doctor, instantOf('2020-05-11T00:00:00.000+02:00')), 'inf-28')
  t.equal(
    chosen(rules, doctor, instantOf('2020-05-11T00:00:00.000+04:00')),
    'inf-25',
    'still the old one in La Réunion',
  )
  t.equal(chosen(rules, doctor, instantOf('2020-04-19T23:59:59.999+02:00')), 'no_rule_in_force')
})

t.test('a rule that nothing follows judges up to the last millisecond before its validTo', async (t) => {
  const rules = [exampleRule({ id: 'last', validTo: noon })]
  t.equal(chosen(rules, doctor, noon - 1), 'last')
  t.equal(chosen(rules, doctor, noon), 'no_rule_in_force')
})

t.test('a rule that was withdrawn judges until that instant and no more', async (t) => {
  const rules = [exampleRule({ id: 'withdrawn', withdrawnAt: noon })]
  t.equal(chosen(rules, doctor, noon - 1), 'withdrawn')
  t.equal(chosen(rules, doctor, noon), 'no_rule_in_force')
})

t.test('a rule with no end is superseded by the later one while both are in force', async (t) => {
  const rules = [
    exampleRule({ id: 'z-older', validFrom: noon - 2 }),
    exampleRule({ id: 'a-newer', validFrom: noon - 1 }),
  ]
  t.equal(chosen(rules), 'a-newer')
})

t.test('the beneficiary that names the speciality wins over the whole profession', async (t) => {
  const rules = [
    exampleRule({ id: 'profession', territory: 'FR-31', validFrom: noon }),
    exampleRule({ id: 'speciality', beneficiaries: [{ profession: '21' }, biologist] }),
  ]
  t.equal(chosen(rules, biologist), 'speciality', 'even from further up and long before')
  t.equal(chosen(rules, doctor), 'profession')
  t.equal(chosen(rules, { profession: '10', speciality: 'SM54' }), 'profession')
})

t.test('a rule that names a profession both whole and by speciality is as specific as its best match', async (t) => {
  const rules = [
    exampleRule({ id: 'both', beneficiaries: [{ profession: '10' }, biologist] }),
    exampleRule({ id: 'whole', validFrom: noon }),
  ]
  t.equal(chosen(rules, biologist), 'both')
  t.equal(chosen(rules, doctor), 'whole')
})

t.test('a speciality counts only with its own profession', async (t) => {
  const rules = [exampleRule({ beneficiaries: [{ profession: '21', speciality: 'SM03' }] })]
  t.equal(chosen(rules, biologist), 'profession_not_entitled')
})

t.test('the nearest territory wins over the wider one, whatever came later', async (t) => {
  const country = exampleRule({ id: 'country', validFrom: noon })
  const region = exampleRule({ id: 'region', territory: 'FR-OCC', validFrom: noon - 1 })
  const department = exampleRule({ id: 'department', territory: 'FR-31', validFrom: noon - 2 })
  t.equal(chosen([country, region, department]), 'department')
  t.equal(chosen([country, region]), 'region')
  t.equal(chosen([country]), 'country')
})

t.test('the greater id decides between rules that are otherwise equal', async (t) => {
  t.equal(chosen([exampleRule({ id: 'b' }), exampleRule({ id: 'c' }), exampleRule({ id: 'a' })]), 'c')
})

t.test('nobody is entitled by a rule for another territory, product or time', async (t) => {
  t.equal(chosen([]), 'no_rule_in_force')
  t.equal(chosen([exampleRule({ territory: 'FR-33' })]), 'no_rule_in_force')
  t.equal(chosen([exampleRule({ products: ['ffp2'] })]), 'no_rule_in_force')
  t.equal(chosen([exampleRule({ validFrom: noon + 1 })]), 'no_rule_in_force')
})

t.test('a profession that the rules in reach leave out is told so', async (t) => {
  const rules = [
    exampleRule(),
    exampleRule({ id: 'elsewhere', beneficiaries: [{ profession: '60' }], territory: 'FR-33' }),
  ]
  t.equal(chosen(rules, { profession: '60' }), 'profession_not_entitled')
})

const anyRule = fc
  .record({
    id: fc.uuid(),
    territory: fc.constantFrom('FR', 'FR-OCC', 'FR-31', 'FR-33'),
    beneficiaries: fc.subarray([{ profession: '10' }, biologist, { profession: '60' }], { minLength: 1 }),
    products: fc.subarray(['surgical', 'ffp2'], { minLength: 1 }),
    validFrom: fc.integer({ min: noon - 2, max: noon + 1 }),
    withdrawnAt: fc.constantFrom(null, noon, noon + 1),
  })
  .map(exampleRule)

const ruleSets = fc.uniqueArray(anyRule, { selector: (rule) => rule.id, maxLength: 12 })

t.test('the choice does not depend on the order of the rules', async () => {
  const shuffled = ruleSets.chain((rules) =>
    fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
  )
  fc.assert(fc.property(shuffled, ([rules, others]) => chosen(rules, biologist) === chosen(others, biologist)))
})

t.test('taking away a rule that was not chosen changes nothing', async () => {
  fc.assert(
    fc.property(ruleSets, fc.nat(), (rules, place) => {
      const winner = chosen(rules, biologist)
      const gone = rules[place % Math.max(1, rules.length)]
      fc.pre(gone !== undefined && gone.id !== winner && rules.some((rule) => rule.id === winner))
      return (
        chosen(
          rules.filter((rule) => rule !== gone),
          biologist,
        ) === winner
      )
    }),
  )
})
