import type { Receipt } from './entitlement.ts'
import { windowOf } from './entitlement.ts'
import { type Hold, type Line, type Model, PRODUCTS, type Product, total } from './model.ts'

export const MAX_LIVE_HOLDS = 2
export const OVERRIDES_PER_WEEK = 1

/** A hand-over as asked for. */
export interface HandOver {
  person: number
  pharmacy: number
  lines: Line[]
  named: { hold: Hold; wrongCode: boolean }[]
  at: number
  releaseHolds: boolean
  override: boolean
}

/** What a refusal must say. `facts` are members of the problem document. */
export interface Refused {
  status: number
  code: string
  facts: Record<string, unknown>
}

/** What a granted hand-over does beside handing over. */
export interface Granted {
  collected: { hold: Hold; quantity: number }[]
  released: Hold[]
  override: boolean
}

/** Where a reservation must be made at an instant, or why not. */
export function expectReservation(
  model: Model,
  person: number,
  { product, quantity }: Line,
  where: { pharmacy: number } | { from: number; reachKm: number },
  now: number,
): Refused | { pharmacy: number } {
  const live = model.live().filter((hold) => hold.person === person && hold.product === product)
  if (live.length >= MAX_LIVE_HOLDS) return refused('too_many_holds', { limit: MAX_LIVE_HOLDS })
  const { remaining } = model.left(person, product, now)
  if (quantity > remaining) return exceeded(model, person, product, remaining, now)
  if ('pharmacy' in where) {
    const { available } = model.level(where.pharmacy, product)
    return available < quantity ? refused('stock_insufficient', { product, available }) : where
  }
  const [pharmacy] = model.nearest(where.from, where.reachKm, product, quantity)
  return pharmacy === undefined ? refused('no_stock_in_reach', { product }) : { pharmacy }
}

/** What a hand-over must come to at an instant: the reservations' faults first, then the entitlement, then stock. */
export function expectHandOver(model: Model, request: HandOver, now: number): Refused | Granted {
  const fault = namedFault(model, request, now)
  if (fault) return fault
  const collected = request.named
    .map(({ hold }) => hold)
    .filter((hold) => hold.status === 'held' || isCutShort(model, hold, request.at, now))
  const judged = judge(model, request, now)
  if ('code' in judged) return judged
  const asked = new Map(PRODUCTS.map((product) => [product, total(request.lines, product)]))
  for (const { product } of request.lines) {
    if (model.isCounted(request.pharmacy, product, Math.min(request.at, now))) continue
    const freed = [...collected, ...judged.released.filter(({ pharmacy }) => pharmacy === request.pharmacy)]
    const available = model.level(request.pharmacy, product).available + total(freed, product)
    if ((asked.get(product) ?? 0) > available) return refused('stock_insufficient', { product, available })
  }
  return {
    ...judged,
    collected: collected.map((hold) => {
      const left = asked.get(hold.product) ?? 0
      const quantity = Math.min(left, hold.quantity)
      asked.set(hold.product, left - quantity)
      return { hold, quantity }
    }),
  }
}

function namedFault(model: Model, { person, pharmacy, lines, named, at }: HandOver, now: number): Refused | undefined {
  if (named.some(({ hold }) => hold.pharmacy !== pharmacy)) return { status: 404, code: 'not_found', facts: {} }
  for (const { hold, wrongCode } of named) {
    const { id: reservation, status } = hold
    if (hold.person !== person || !lines.some(({ product }) => product === hold.product))
      return refused('reservation_mismatch', { reservation })
    if (wrongCode) return refused('pickup_code_wrong', { reservation })
    if (status === 'collected' || (status === 'cancelled' && !isCutShort(model, hold, at, now)))
      return refused('reservation_not_held', { reservation, reservationStatus: status })
  }
  return undefined
}

// A count or a loss cancelled it after the hand-over, which the newest count has seen.
function isCutShort(model: Model, { pharmacy, product, status, cutAt }: Hold, at: number, now: number): boolean {
  const occurredAt = Math.min(at, now)
  const isAfter = status === 'cancelled' && cutAt !== undefined && occurredAt <= cutAt
  return isAfter && model.isCounted(pharmacy, product, occurredAt)
}

function judge(model: Model, request: HandOver, now: number): Refused | Omit<Granted, 'collected'> {
  const { person, pharmacy, at, releaseHolds, override } = request
  const named = request.named.map(({ hold }) => hold)
  const others = model.live().filter((hold) => hold.person === person && !named.includes(hold))
  const receipts: Receipt[] = []
  const blocking = new Set<Hold>()
  let beyond = false
  for (const { product, quantity } of request.lines) {
    const { remaining } = model.left(person, product, at, { receipts, without: named })
    const withoutHolds = model.left(person, product, at, { receipts, without: [...named, ...others] }).remaining
    if (quantity > remaining && override) beyond = true
    else if (quantity > withoutHolds) return exceeded(model, person, product, withoutHolds, at)
    else if (quantity > remaining) {
      const { products } = model.ruleFor(person, product, at)
      for (const hold of others) if (products.includes(hold.product)) blocking.add(hold)
    }
    receipts.push({ product, quantity, at })
  }
  if (blocking.size > 0 && !releaseHolds)
    return refused('entitlement_held', { holds: [...blocking].map(({ id }) => id).sort() })
  if (beyond && model.overridesSince(pharmacy, now - WEEK) >= OVERRIDES_PER_WEEK)
    return refused('override_not_allowed', {})
  return { released: [...blocking], override: beyond }
}

const WEEK = 7 * 24 * 3_600_000

function exceeded(model: Model, person: number, product: Product, remaining: number, at: number): Refused {
  const rule = model.ruleFor(person, product, at)
  const resets = 'weeks' in rule.window ? { resetsAt: new Date(windowOf(rule, at).end).toISOString() } : {}
  return refused('entitlement_exceeded', { remaining: [{ product, quantity: remaining }], rule: rule.id, ...resets })
}

function refused(code: string, facts: Record<string, unknown>): Refused {
  return { status: 409, code, facts }
}
