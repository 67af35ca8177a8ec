import t from 'tap'
import type { EntitlementFacts } from '../../src/domain/beneficiary.ts'
import { type DispensationFacts, decideDispensation } from '../../src/domain/dispensation.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { isRefusal, type Refusal } from '../../src/domain/refusals.ts'
import { decideReservation } from '../../src/domain/reservation.ts'
import { fc } from '../support/seed.ts'
import { counters, HOUR_MS } from './counters.ts'

// Longer than the longest window and than any rule is published ahead: nothing changes after it.
const HORIZON_HOURS = 20 * 24

/** The same person at another instant, with nothing done meanwhile. */
function laterOn(facts: EntitlementFacts, at: Instant): EntitlementFacts {
  return { ...facts, at, occurredAt: at, holds: facts.holds.filter(({ expiresAt }) => expiresAt > at) }
}

function promised(refusal: Refusal): Instant | null {
  const { resetsAt } = refusal.facts
  return typeof resetsAt === 'string' ? Date.parse(resetsAt) : null
}

/** Whether a decision begins to grant exactly when it was promised to, by asking it at every hour. */
function isKept(refusal: Refusal, from: Instant, grantsAt: (at: Instant) => boolean): boolean {
  const resets = promised(refusal)
  const firstHour = Array.from({ length: HORIZON_HOURS }, (_, hour) => from + hour * HOUR_MS).find(grantsAt) ?? null
  return resets === firstHour && (resets === null || (grantsAt(resets) && (resets === from || !grantsAt(resets - 1))))
}

/** Stock without an end, and no override. */
function plenty(facts: DispensationFacts): DispensationFacts {
  return { ...facts, available: new Map([...facts.available.keys()].map((product) => [product, 1000])) }
}

t.test('a hand-over refused for the entitlement is first granted when the refusal says so, or never', async (t) => {
  const seen = { some: 0, none: 0 }
  fc.assert(
    fc.property(counters, ({ facts, request }) => {
      const { entitlement } = facts
      const asked = { ...request, override: false }
      const decided = decideDispensation(plenty(facts), asked)
      fc.pre(isRefusal(decided) && decided.refused === 'entitlement_exceeded')
      seen[promised(decided as Refusal) === null ? 'none' : 'some'] += 1
      return isKept(decided as Refusal, entitlement.occurredAt, (at) => {
        const then = { ...plenty(facts), entitlement: laterOn(entitlement, at) }
        return !isRefusal(decideDispensation(then, asked))
      })
    }),
    { numRuns: 60 },
  )
  t.comment(JSON.stringify(seen))
  t.ok(seen.some > 5 && seen.none > 5, 'some come again, some never')
})

t.test('a reservation refused for the entitlement is first granted when the refusal says so, or never', async (t) => {
  const seen = { some: 0, none: 0 }
  fc.assert(
    fc.property(counters, ({ facts, request }) => {
      const entitlement = { ...facts.entitlement, occurredAt: facts.entitlement.at }
      const [line] = request.lines
      const decide = (then: EntitlementFacts) =>
        line && decideReservation(then, line, { productActive: true, maxLiveHolds: 100 })
      const decided = decide(entitlement)
      fc.pre(decided?.refused === 'entitlement_exceeded')
      seen[promised(decided as Refusal) === null ? 'none' : 'some'] += 1
      return isKept(decided as Refusal, entitlement.at, (at) => decide(laterOn(entitlement, at)) === undefined)
    }),
    { numRuns: 60 },
  )
  t.comment(JSON.stringify(seen))
  t.ok(seen.some > 5 && seen.none > 5, 'some come again, some never')
})
