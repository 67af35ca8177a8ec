import t from 'tap'
import { allowanceFor } from '../../src/domain/beneficiary.ts'
import { decideDispensation, type Grant } from '../../src/domain/dispensation.ts'
import type { Hold, Receipt } from '../../src/domain/entitlement.ts'
import { isRefusal, type Refusal } from '../../src/domain/refusals.ts'
import { leastRelease } from '../../src/domain/release.ts'
import { leastOf } from '../support/least-release.ts'
import { fc } from '../support/seed.ts'
import { type Case, counters } from './counters.ts'

/** Whether the caps leave enough for every line, in turn, beside these holds. */
function entitles({ facts, request }: Case, holds: Hold[]): boolean {
  const receipts: Receipt[] = []
  return request.lines.every(({ product, quantity }) => {
    const allowance = allowanceFor(facts.entitlement, product, { receipts, holds })
    receipts.push({ product, quantity, at: facts.entitlement.occurredAt })
    return !isRefusal(allowance) && quantity <= allowance.remaining
  })
}

/** Whether the pharmacy has enough of every product, with what these holds set aside there. */
function suppliesWith({ facts, request }: Case, freed: Hold[]): boolean {
  const sum = (items: readonly { product: string; quantity: number }[], product: string) =>
    items.filter((each) => each.product === product).reduce((total, { quantity }) => total + quantity, 0)
  const here = [...facts.reservations, ...freed].filter(({ pharmacy }) => pharmacy === facts.pharmacy)
  return request.lines.every(
    ({ product }) =>
      sum(request.lines, product) <= (facts.available.get(product) ?? Number.POSITIVE_INFINITY) + sum(here, product),
  )
}

function othersOf({ facts }: Case): Hold[] {
  return facts.entitlement.holds.filter(({ id }) => facts.reservations.every((named) => named.id !== id))
}

interface Outcome {
  decision: string
  holds: string[]
  flags: string[]
}

/** What a hand-over must come to, from the definition alone. Undefined where no rule allows a product. */
function expected(given: Case): Outcome | undefined {
  const { facts, request } = given
  const others = othersOf(given)
  const without = (released: Hold[]) => others.filter((hold) => !released.includes(hold))
  const outcome = (decision: string, holds: Hold[] = [], flags: string[] = []) => ({
    decision,
    holds: holds.map(({ id }) => id),
    flags,
  })
  if (request.lines.some(({ product }) => isRefusal(allowanceFor(facts.entitlement, product)))) return undefined
  const handedOver = (holds: Hold[] | undefined, flags: string[] = []) => {
    const released = request.releaseHolds ? (holds ?? []) : []
    return suppliesWith(given, released) ? outcome('granted', released, flags) : outcome('stock_insufficient')
  }

  const forStock = () => leastOf(others, (released) => suppliesWith(given, released))
  const forAll = leastOf(others, (released) => entitles(given, without(released)) && suppliesWith(given, released))
  const forCaps = leastOf(others, (released) => entitles(given, without(released)))
  if (!forCaps) {
    if (!request.override) return outcome('entitlement_exceeded')
    return facts.overridesLeft > 0 ? handedOver(forStock(), ['override']) : outcome('override_not_allowed')
  }
  if (forCaps.length > 0 && !request.releaseHolds) return outcome('entitlement_held', forAll ?? forCaps)
  return handedOver(forAll)
}

function outcomeOf(decided: Grant | Refusal): Outcome {
  if (!isRefusal(decided))
    return { decision: 'granted', holds: decided.released.map(({ id }) => id), flags: decided.flags }
  const holds = (decided.facts.holds ?? []) as { id: string }[]
  return { decision: decided.refused, holds: holds.map(({ id }) => id), flags: [] }
}

t.test(
  'a hand-over releases the fewest masks that let it happen, and spends an override only beyond that',
  async (t) => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(counters, (given) => {
        const should = expected(given)
        fc.pre(should !== undefined)
        const is = outcomeOf(decideDispensation(given.facts, given.request))
        const kind = `${is.decision}${is.flags.join()}${is.holds.length}`
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
        return JSON.stringify(is) === JSON.stringify(should)
      }),
      { numRuns: 3000 },
    )
    t.comment(JSON.stringify([...seen].sort()))
    for (const kind of ['granted1', 'granted2', 'grantedoverride0', 'entitlement_held1', 'stock_insufficient0'])
      t.ok(seen.get(kind), `${kind} was among them`)
  },
)

t.test('as many products as a hand-over has lines, each with holds in its own way, are no riddle', async (t) => {
  const holds = Array.from({ length: 40 }, (_, nth) => ({
    ...{ id: `${nth}`, product: `p${nth % 20}`, pharmacy: 'here', expiresAt: 0 },
    quantity: nth < 20 ? 3 : 2,
  }))
  const ofProduct = (product: string) => (hold: Hold) => hold.product === product
  const shortfalls = [
    ...Array.from({ length: 20 }, (_, nth) => ({ missing: 2, counts: ofProduct(`p${nth}`) })),
    { missing: 41, counts: () => true },
  ]
  // Two of each product, but three of the one whose newer hold is the oldest.
  const released = leastRelease(holds, shortfalls)?.map(({ id }) => Number(id))
  t.same(released, [0, ...Array.from({ length: 19 }, (_, nth) => 21 + nth)])
})
