import t from 'tap'
import { NumbersOfPersons } from '../../src/domain/bundle/numbers.ts'
import { JudgingRules } from '../../src/domain/bundle/rules.ts'
import { iso } from '../../src/domain/instant.ts'
import { type PublishedRule, publicationOf, ruleHash, withdrawalOf } from '../../src/domain/rule-record.ts'
import { exampleRule } from './example-rule.ts'

const DAY_MS = 86_400_000
const FROM = Date.UTC(2026, 0)
const rule = exampleRule({ validFrom: FROM, validTo: FROM + 10 * DAY_MS })
const { id } = rule
const published = (of: PublishedRule = rule, isAdopted = false) => ({
  ...publicationOf(of, null, { recordedAt: FROM, isAdopted }),
  id: 'record',
})
const withdrawn = (at: number) => ({ ...withdrawalOf({ id, withdrawnAt: at }, at), id: 'record' })
const judged = (index: number, at: number, hash: string | null = ruleHash(rule)) => ({
  index,
  occurredAt: iso(at),
  flags: [],
  lines: [{ ruleId: id, ruleHash: hash }],
})

/** What is found in these steps, in their order. */
function found(...steps: ((rules: JudgingRules) => void)[]): string | undefined {
  const rules = new JudgingRules()
  try {
    for (const step of steps) step(rules)
    rules.end()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
const record = (index: number, what: ReturnType<typeof published>) => (rules: JudgingRules) =>
  rules.addRecord(index, what)
const handOver =
  (...args: Parameters<typeof judged>) =>
  (rules: JudgingRules) =>
    rules.addJudged(judged(...args))

t.test('a hand-over is judged by a rule as it was published, while it was in force', async (t) => {
  const first = record(0, published())
  t.equal(found(first, handOver(1, FROM), handOver(2, FROM + 10 * DAY_MS - 1)), undefined)
  const by = `it was judged by rule ${id},`
  t.equal(found(first, handOver(1, FROM, 'x')), `entry 1: ${by} which is not what entry 0 published`)
  t.equal(found(first, handOver(1, FROM, null)), 'entry 1: it does not say by what text of its rule it was judged')
  t.equal(found(first, handOver(1, FROM - 1)), `entry 1: ${by} which is in force only from ${iso(FROM)}`)
  const end = FROM + 10 * DAY_MS
  t.equal(found(first, handOver(1, end)), `entry 1: ${by} which was in force until ${iso(end)}`)
  t.equal(found(handOver(1, FROM), handOver(2, FROM)), `entry 1: ${by} which was never published`)
  t.equal(found(handOver(0, FROM), record(1, published())), `entry 0: ${by} which entry 1 published only later`)
})

t.test('once it is withdrawn it judges nothing but what took place before, or was under way', async (t) => {
  const at = FROM + DAY_MS
  const steps = [record(0, published()), record(1, withdrawn(at))]
  t.equal(found(...steps, handOver(2, at - 1), handOver(3, at + 59_999)), undefined)
  t.equal(
    found(...steps, handOver(2, at + 60_000)),
    `entry 2: it was judged by rule ${id}, which entry 1 withdrew at ${iso(at)}`,
  )
  t.equal(found(record(0, withdrawn(at))), `entry 0: it is no withdrawal of rule ${id}`)
  t.equal(found(...steps, record(2, withdrawn(at))), `entry 2: it is no withdrawal of rule ${id}`)
  t.equal(found(steps[0] as never, record(1, published())), `entry 1: it is no publication of rule ${id}`)
  const forged = { ...published(), fields: published().fields.with(1, 'x') }
  t.equal(found(record(0, forged)), `entry 0: it is no publication of rule ${id}`)
})

t.test('a rule from before there were records may follow what it judged, and is held to the same', async (t) => {
  const adopted = record(9, published(rule, true))
  t.equal(found(handOver(0, FROM), handOver(1, FROM + DAY_MS), adopted), undefined)
  t.match(found(handOver(0, FROM), handOver(1, FROM, 'x'), adopted), /^entry 1: .* which is not what entry 9 published/)
  t.match(found(handOver(0, FROM), handOver(1, FROM - 1), adopted), /^entry 1: .* in force only from/)
  t.match(found(handOver(0, FROM), handOver(1, FROM + 10 * DAY_MS), handOver(2, FROM), adopted), /^entry 1: .* until/)
})

t.test('a number stands under one person, or under persons whom links join, in whatever order they come', async (t) => {
  const naming = (index: number, personId: string, numbers: string[] | undefined, more: object = {}) => ({
    ...{ index, personId, kind: 'dispensation', refersTo: null, numbers, isFirstVersion: false },
    ...more,
  })
  const link = (index: number, from: string, to: string) => naming(index, from, [], { kind: 'link', refersTo: to })
  const check = (...entries: ReturnType<typeof naming>[]) => {
    const numbers = new NumbersOfPersons()
    for (const entry of entries) numbers.add(entry)
    try {
      numbers.end()
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  const moved = (second: number, first: number) =>
    `entry ${second}: it names a number that entry ${first} names for another person, and no link entry joins the two`
  t.equal(check(naming(0, 'a', ['1']), naming(1, 'a', ['1', '2']), naming(2, 'b', ['3'])), undefined)
  t.equal(check(naming(0, 'a', ['1']), naming(1, 'b', ['2']), naming(2, 'b', ['1', '2'])), moved(2, 0))
  t.equal(check(naming(0, 'a', ['1']), link(1, 'a', 'b'), naming(2, 'b', ['1'])), undefined)
  t.equal(check(naming(0, 'a', ['1']), naming(1, 'b', ['1']), link(2, 'b', 'a')), undefined, 'a link that comes later')
  const far = [link(1, 'a', 'b'), link(2, 'b', 'a'), link(3, 'b', 'c'), link(4, 'c', 'b')]
  t.equal(check(naming(0, 'a', ['1']), ...far, naming(5, 'c', ['1'])), undefined, 'through a third')
  t.equal(check(naming(0, 'a', ['1']), ...far, naming(5, 'd', ['1'])), moved(5, 0))
  t.equal(check(naming(0, 'a', undefined), naming(1, 'b', ['1'])), undefined, 'what is erased cannot be compared')
  const first = { isFirstVersion: true }
  t.equal(check(naming(0, 'a', ['1'], first), naming(1, 'b', ['1'], first)), undefined, 'joined before links said so')
  t.equal(check(naming(0, 'a', ['1'], first), naming(1, 'b', ['1'])), moved(1, 0))
})

t.test('a hand-over without a rule says so by a flag', async (t) => {
  const without = (flags: string[]) => (rules: JudgingRules) =>
    rules.addJudged({ ...judged(1, FROM), flags, lines: [{ ruleId: null, ruleHash: null }] })
  t.equal(found(record(0, published()), without(['late', 'over_allocation'])), undefined)
  t.equal(found(without(['unverified'])), undefined)
  t.equal(found(without(['late'])), 'entry 1: it cites no rule, and is flagged for none')
})
