import t from 'tap'
import type { AllocationRule } from '../../src/domain/allocation-rules.ts'
import { allowanceFor, type EntitlementFacts } from '../../src/domain/beneficiary.ts'
import { decideDispensation } from '../../src/domain/dispensation.ts'
import { type Counter, dispensationEffects } from '../../src/domain/dispensation-effects.ts'
import type { Receipt } from '../../src/domain/entitlement.ts'
import type { EntryEffects } from '../../src/domain/entry-effects.ts'
import { type Instant, instantOf } from '../../src/domain/instant.ts'
import { isRefusal } from '../../src/domain/refusals.ts'
import { decideReservation } from '../../src/domain/reservation.ts'
import { decideReversal, type Original } from '../../src/domain/reversal.ts'
import { reversalEffects } from '../../src/domain/reversal-effects.ts'
import type { Rule } from '../model/entitlement.ts'
import {
  agree,
  histories,
  PRODUCTS,
  replay,
  standingOf,
  type ToldPerson,
  tell,
} from '../support/entitlement-history.ts'
import { fc } from '../support/seed.ts'
import { exampleDraw, exampleShelf } from './example-effects.ts'
import { exampleRule } from './example-rule.ts'

// Over the end of summer time, and several windows; hand-overs arrive up to a week late.
const BEGAN = instantOf('2020-10-20T09:00:00+02:00')
const APART_MS = 17 * 3_600_000
const timeOf = (place: number) => Math.round(BEGAN + place * APART_MS)
const doctor = {
  id: 'doctor',
  profession: '10',
  speciality: null,
  practiceTerritory: 'FR-31',
  practice: null,
  numbers: ['10000000001'],
}
const head = { personId: 'doctor', seq: 0, entryHash: null }
const by = { professional: '10000000001', operator: undefined }

/** Somebody in memory, whose receipts are what the effects of decisions weigh. */
function personInMemory(rule: AllocationRule, end: Instant): ToldPerson {
  const draw = exampleDraw()
  const receipts: Receipt[] = []
  const originals = new Map<string, Original>()
  const shelves = PRODUCTS.map((product) => exampleShelf({ product, onHand: 1_000_000 }))
  const factsAt = (at: Instant, occurredAt: Instant): EntitlementFacts => ({
    ...{
      at,
      occurredAt,
      territoryPath: ['FR-31', 'FR'],
      timeZone: 'Europe/Paris',
      receipts: [...receipts],
      holds: [],
      countedWith: [],
    },
    ...{ person: { ...doctor, status: 'active' }, rules: [rule] },
  })
  const write = ({ entries: [{ entry, weights }] }: EntryEffects) => {
    for (const [nth, { product }] of entry.lines.entries()) {
      const weight = weights[nth]
      if (weight) receipts.push({ product, quantity: weight.effect, at: weight.countedAt })
    }
    return entry
  }
  return {
    async handOver(lines, override, place, arrival) {
      const entitlement = factsAt(timeOf(arrival), timeOf(place))
      const stock = { reservations: [], inactiveProducts: [], available: new Map(), pharmacy: 'here' }
      const counter: Counter = {
        facts: { entitlement, ...stock, overridesLeft: 1 },
        ...{ head, shelves, expired: [], pharmacyTerritory: 'FR-31' },
      }
      const grant = decideDispensation(counter.facts, { lines, reservations: [], releaseHolds: false, override })
      if (isRefusal(grant)) return 'refused'
      const entry = write(dispensationEffects(counter, grant, { ...by, identityCheck: { method: 'cps_card' } }, draw))
      const { id, recordedAt, occurredAt } = entry
      originals.set(id, {
        ...{ id, at: recordedAt, recordedAt, occurredAt, personId: 'doctor', pharmacy: 'here' },
        ...{ professional: by.professional, profession: '10', practiceTerritory: null, pharmacyTerritory: 'FR-31' },
        lines: entry.lines.map((line) => ({ ...line, cap: rule.cap, reversed: 0, rule })),
      })
      return { id, at: occurredAt }
    },
    async reverse(id, asked, arrival) {
      const original = originals.get(id)
      const lines = original && decideReversal(original.lines, asked)
      if (!lines || isRefusal(lines)) throw new Error('cannot be reversed')
      write(
        reversalEffects(
          { head, original: { ...original, at: timeOf(arrival) }, shelves, entitlement: undefined },
          lines,
          { ...by, kind: 'returned' },
          draw,
        ),
      )
    },
    async standing(product) {
      const facts = factsAt(end, end)
      const left = allowanceFor(facts, product)
      if (isRefusal(left)) throw new Error(left.refused)
      const more = { product, quantity: left.remaining + 1 }
      const refusal = decideReservation(facts, more, { productActive: true, maxLiveHolds: 1 })
      const resets = refusal?.facts.resetsAt
      const resetsAt = typeof resets === 'string' ? Date.parse(resets) : null
      return { received: left.received, remaining: left.remaining, resetsAt }
    },
  }
}

const windows = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((days) => ({ days })),
  fc.integer({ min: 1, max: 2 }).map((weeks) => ({ weeks })),
)

t.test('hand-overs and reversals that arrive in any order leave what a replay in their order leaves', async (t) => {
  const seen = { late: 0, comingBack: 0 }
  await fc.assert(
    fc.asyncProperty(histories, windows, fc.nat(100), async (history, window, hours) => {
      const end = timeOf(history.length) + hours * 3_600_000
      const from = instantOf('2020-05-11T00:00:00+02:00')
      const caps = { cap: 12, subCaps: { ffp2: 5 }, products: [...PRODUCTS] }
      const model: Rule = { id: 'rule', profession: '10', ...caps, window, from }
      const rule = exampleRule({
        ...{ products: [...PRODUCTS], cap: 12, subCaps: [{ product: 'ffp2', cap: 5 }], validFrom: from },
        window:
          'days' in window
            ? { kind: 'rolling_days', count: window.days }
            : { kind: 'calendar_weeks', count: window.weeks },
      })
      const [told, inOrder] = [personInMemory(rule, end), personInMemory(rule, end)]
      const taken = await tell(told, history)
      await replay(inOrder, taken)
      await agree([told, inOrder], (product) => standingOf(model, taken, product, end))
      if (history.some(({ late }) => late > 0)) seen.late += 1
      if ((await told.standing('surgical')).resetsAt !== null) seen.comingBack += 1
    }),
    { numRuns: 1_000 },
  )
  t.comment(JSON.stringify(seen))
  t.ok(seen.late > 100 && seen.comingBack > 100)
})
