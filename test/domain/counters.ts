import type { AllocationRule } from '../../src/domain/allocation-rules.ts'
import type { DispensationFacts, HandOver } from '../../src/domain/dispensation.ts'
import type { Hold, Receipt } from '../../src/domain/entitlement.ts'
import { type Instant, instantOf } from '../../src/domain/instant.ts'
import type { NamedReservation } from '../../src/domain/named-reservations.ts'
import { pickupCode } from '../../src/domain/pickup-code.ts'
import { fc } from '../support/seed.ts'
import { exampleRule } from './example-rule.ts'

export const HOUR_MS = 3_600_000
/** When everything is decided. All that happens to these people does so on the hour, as midnight in Paris is. */
const NOW: Instant = instantOf('2020-05-20T12:00:00+02:00')

const PRODUCTS = ['surgical', 'ffp2', 'gown']
const HERE = 'here'
const CODE = pickupCode(Buffer.alloc(5))

const product = fc.constantFrom(...PRODUCTS)
const quantity = fc.integer({ min: 1, max: 12 })
const hours = (min: number, max: number) => fc.integer({ min, max }).map((n) => NOW + n * HOUR_MS)
const end = fc.option(hours(-24, 150), { freq: 2 })

const rule: fc.Arbitrary<AllocationRule> = fc
  .record({
    id: fc.uuid(),
    products: fc.subarray(PRODUCTS, { minLength: 1 }),
    cap: fc.integer({ min: 1, max: 36 }),
    subCaps: fc.uniqueArray(fc.record({ product, cap: fc.integer({ min: 1, max: 12 }) }), {
      selector: (sub) => sub.product,
    }),
    window: fc.oneof(
      fc.record({ kind: fc.constant('calendar_weeks' as const), count: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ kind: fc.constant('rolling_days' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.constant({ kind: 'once' as const }),
    ),
    validFrom: fc.oneof(hours(-700, -1), hours(-700, -1), hours(1, 150)),
    validTo: end,
    withdrawnAt: end,
  })
  .map(({ validTo, ...made }) =>
    exampleRule({ ...made, validTo: validTo !== null && validTo <= made.validFrom ? null : validTo }),
  )

/** Hand-overs, some taken back in part or whole at their own instant. */
const receipts: fc.Arbitrary<Receipt[]> = fc
  .array(fc.record({ product, quantity, at: hours(-200, 0), back: fc.integer({ min: -12, max: 12 }) }), {
    maxLength: 8,
  })
  .map((given) =>
    given.flatMap(({ back, ...receipt }) => [
      receipt,
      ...(back > 0 ? [{ ...receipt, quantity: -Math.min(back, receipt.quantity) }] : []),
    ]),
  )

const holds: fc.Arbitrary<Hold[]> = fc
  .array(
    fc.record({ product, quantity, pharmacy: fc.constantFrom(HERE, 'there', 'elsewhere'), expiresAt: hours(1, 48) }),
    { maxLength: 5 },
  )
  .map((made) => made.map((hold, nth) => ({ ...hold, id: `hold-${nth}` })))

const lines = fc.array(fc.record({ product, quantity }), { minLength: 1, maxLength: 3 })

/** What a pharmacy finds when somebody stands at its counter, and what it asks. */
export interface Case {
  facts: DispensationFacts
  request: HandOver
}

/** Somebody with a history and holds, of which some are named; some shelves have little. */
export const counters: fc.Arbitrary<Case> = fc
  .record({
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
    receipts,
    holds,
    lines,
    named: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    free: fc.tuple(...PRODUCTS.map(() => fc.constantFrom(0, 3, 30, 100, null))),
    releaseHolds: fc.boolean(),
    override: fc.boolean(),
    overridesLeft: fc.nat(1),
    late: fc.constantFrom(0, 0, 1, -1),
  })
  .map(({ rules, receipts, holds, lines, named, free, late, overridesLeft, ...asked }) => {
    const person = {
      id: 'doctor',
      profession: '10',
      speciality: null,
      practiceTerritory: 'FR-31',
      practice: null,
      numbers: ['10000000001'],
    }
    const reservations = holds
      .filter(
        ({ pharmacy, product }, nth) => named[nth] && pharmacy === HERE && lines.some((l) => l.product === product),
      )
      .map((hold): NamedReservation => ({ ...hold, ...atNow, status: 'held', pickupCode: CODE }))
    return {
      facts: {
        entitlement: {
          ...{ at: NOW, occurredAt: NOW - late * HOUR_MS, territoryPath: ['FR-31', 'FR'], timeZone: 'Europe/Paris' },
          ...{ person: { ...person, status: 'active' as const }, rules, receipts, holds, countedWith: [] },
        },
        ...{ reservations, inactiveProducts: [], pharmacy: HERE, overridesLeft },
        available: new Map(
          PRODUCTS.flatMap((each, nth): [string, number][] => (free[nth] == null ? [] : [[each, free[nth]]])),
        ),
      },
      request: { ...asked, lines, reservations: reservations.map(({ id }) => ({ id, pickupCode: CODE })) },
    }
  })

const atNow = { personId: 'doctor', createdAt: NOW - HOUR_MS, cancellationReason: null, endedAt: null }
