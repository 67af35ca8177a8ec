import { shortOfStock } from './counter-stock.ts'
import { type DispensationFacts, type Grant, type HandOver, judge, outcomesOf } from './dispensation.ts'
import { type Flag, inOrder, latenessOf } from './flags.ts'
import { judgeAfterwards, unjudged } from './judged-lines.ts'
import { mismatchOf, type NamedReservation, wasLiveAt } from './named-reservations.ts'
import { isRefusal } from './refusals.ts'

/**
 * Judges a hand-over that has taken place off line. Nothing is refused any more: what would have been at the counter is
 * a flag. Reservations are collected that were live then; `codesAreLookedAt` is false once too many were wrong.
 */
export function decideOffline(facts: DispensationFacts, request: HandOver, codesAreLookedAt: boolean): Grant {
  const { entitlement } = facts
  const { at, occurredAt, person } = entitlement
  const isLookedAt = (index: number) => codesAreLookedAt || 'voucher' in (request.reservations[index] ?? {})
  const taken = takenOf(facts, request, isLookedAt)
  const live = taken.filter(({ status, expiresAt }) => status === 'held' && expiresAt > at)
  const judged = judgeOffline(facts, request, live)
  const flags: Flag[] = [...judged.flags, ...latenessOf(occurredAt, at)]
  if (shortOfStock(facts, request.lines, [...live, ...judged.released]).length > 0) flags.push('stock_discrepancy')
  if (person.status === 'suspended') flags.push('suspended')
  if (facts.inactiveProducts.length > 0) flags.push('inactive_product')
  const outcomes = outcomesOf(facts, request, taken, ({ status, expiresAt }) =>
    codesAreLookedAt && ['held', 'expired'].includes(status) && expiresAt <= occurredAt ? 'expired' : 'not_collected',
  )
  return { ...judged, flags: inOrder(flags), outcomes }
}

/** The first wrong code that a hand-over names, as at the counter. */
export function wrongCodeIn(facts: DispensationFacts, request: HandOver) {
  return facts.reservations
    .map((_, index) => mismatchOf(facts, request, index))
    .find((mismatch) => mismatch?.refused === 'pickup_code_wrong')
}

function takenOf(
  facts: DispensationFacts,
  request: HandOver,
  isLookedAt: (index: number) => boolean,
): NamedReservation[] {
  const { at, occurredAt } = facts.entitlement
  // A clock that runs ahead does not let a reservation expire before its time.
  const then = Math.min(occurredAt, at)
  return facts.reservations.filter(
    (reservation, index) => isLookedAt(index) && !mismatchOf(facts, request, index) && wasLiveAt(then, reservation),
  )
}

function judgeOffline(facts: DispensationFacts, request: HandOver, live: NamedReservation[]): Omit<Grant, 'outcomes'> {
  const { entitlement } = facts
  // Nobody knows the profession, so no rule can be said to allow or to forbid it.
  if (entitlement.person.provisional) {
    return { lines: request.lines.map((line) => unjudged(line, false)), released: [], flags: ['unverified'] }
  }
  const judged = judge(facts, request, live)
  if (!isRefusal(judged)) return judged
  const others = entitlement.holds.filter(({ id }) => !live.some((named) => named.id === id))
  return { lines: judgeAfterwards(entitlement, request.lines, others), released: [], flags: ['over_allocation'] }
}
