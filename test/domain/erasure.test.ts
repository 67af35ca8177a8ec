import t from 'tap'
import type { EntitlementFacts } from '../../src/domain/beneficiary.ts'
import { decideErasure, type RetentionFacts } from '../../src/domain/erasure.ts'
import { type Instant, instantOf, iso } from '../../src/domain/instant.ts'
import { exampleRule } from './example-rule.ts'

const DAY_MS = 86_400_000
const monday = instantOf('2020-05-11T09:00:00+02:00')
const thursday = instantOf('2020-05-14T09:00:00+02:00')
const nextMonday = instantOf('2020-05-18T00:00:00+02:00')

/** A doctor who was given surgical masks at these times, judged by these rules at an instant. */
function standing(at: Instant, received: Instant[], ...rules: ReturnType<typeof exampleRule>[]): EntitlementFacts {
  return {
    at,
    occurredAt: at,
    person: {
      id: 'p',
      profession: '10',
      speciality: null,
      status: 'active',
      practiceTerritory: 'FR',
      practice: null,
      numbers: [],
    },
    territoryPath: ['FR'],
    timeZone: 'Europe/Paris',
    rules,
    receipts: received.map((each) => ({ product: 'surgical', at: each, quantity: 4 })),
    holds: [],
    countedWith: [],
  }
}

function until(standings: EntitlementFacts[], more: Partial<RetentionFacts> = {}): unknown {
  const [{ at } = { at: thursday }] = standings
  const refusal = decideErasure({ at, newestEntryAt: null, retentionDays: 0, standings, ...more })
  if (refusal) t.equal(refusal.refused, 'retention_running')
  return refusal?.facts.until
}

t.test('who has no entry can be erased at any time', async (t) => {
  t.equal(until([standing(thursday, [], exampleRule())], { retentionDays: 1095 }), undefined)
})

t.test('an entry is kept for its days, and not a millisecond longer', async (t) => {
  const kept = { newestEntryAt: monday, retentionDays: 10 }
  const end = monday + 10 * DAY_MS
  t.equal(until([standing(end - 1, [])], kept), iso(end))
  t.equal(until([standing(end, [])], kept), undefined)
})

t.test('a hand-over that counts in the present week keeps its person until the week ends', async (t) => {
  t.equal(until([standing(thursday, [monday], exampleRule())]), iso(nextMonday))
  t.equal(until([standing(nextMonday - 1, [monday], exampleRule())]), iso(nextMonday))
  t.equal(until([standing(nextMonday, [monday], exampleRule())]), undefined)
})

t.test('in a rolling window the last hand-over must have left', async (t) => {
  const rolling = exampleRule({ window: { kind: 'rolling_days', count: 7 } })
  const end = thursday + 7 * DAY_MS
  t.equal(until([standing(thursday + 1, [monday, thursday], rolling)]), iso(end))
  t.equal(until([standing(end - 1, [monday, thursday], rolling)]), iso(end))
  t.equal(until([standing(end, [monday, thursday], rolling)]), undefined)
})

t.test(
  'what is given once counts as long as the rule is in force, and no end is named where it has none',
  async (t) => {
    const once = { window: { kind: 'once' } } as const
    t.equal(until([standing(thursday, [monday], exampleRule(once))]), null)
    t.equal(until([standing(thursday, [monday], exampleRule({ ...once, validTo: nextMonday }))]), iso(nextMonday))
  },
)

t.test('the last end of all counts: of retention, of every rule and of every territory', async (t) => {
  const weekly = standing(thursday, [monday], exampleRule())
  const once = standing(thursday, [monday], exampleRule({ window: { kind: 'once' } }))
  t.equal(until([weekly], { newestEntryAt: monday, retentionDays: 4 }), iso(nextMonday))
  t.equal(until([weekly], { newestEntryAt: monday, retentionDays: 14 }), iso(monday + 14 * DAY_MS))
  t.equal(until([standing(thursday, []), weekly]), iso(nextMonday))
  t.equal(until([weekly, once], { newestEntryAt: monday, retentionDays: 14 }), null)
})

t.test('a hand-over counts through any product of a rule, and not by rules for others', async (t) => {
  const surgicalFree = exampleRule({ products: ['ffp2'] })
  const nurses = exampleRule({ beneficiaries: [{ profession: '60' }] })
  t.equal(until([standing(thursday, [monday], surgicalFree)]), undefined)
  t.equal(until([standing(thursday, [monday], nurses)]), undefined)
  // The later rule is the one for surgical masks; through ffp2 the earlier still counts them, over a longer time.
  const both = exampleRule({ window: { kind: 'rolling_days', count: 30 } })
  const later = exampleRule({ id: 'later', products: ['surgical'], validFrom: monday })
  t.equal(until([standing(thursday, [monday], both, later)]), iso(monday + 30 * DAY_MS))
})
