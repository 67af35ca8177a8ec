import { leastOf } from '../support/least-release.ts'
import type { Receipt } from './entitlement.ts'
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
  const counted = model.together(person)
  const live = model.live().filter((hold) => counted.includes(hold.person) && hold.product === product)
  if (live.length >= MAX_LIVE_HOLDS) return refused('too_many_holds', { limit: MAX_LIVE_HOLDS })
  const { remaining } = model.left(person, product, now)
  if (quantity > remaining) {
    const again = model.firstTime(person, now, (at) => {
      const without = model.live().filter(({ expiresAt }) => expiresAt <= at)
      return quantity <= model.left(person, product, at, { without }).remaining
    })
    return exceeded(model, { person, product, at: now }, remaining, again)
  }
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
    collected: partsOf(request.lines, collected),
  }
}

/** What a hand-over that has taken place comes to: what would have refused it is a flag. */
export function expectOffline(model: Model, request: HandOver, now: number): Granted & { flags: string[] } {
  const { at, lines, pharmacy } = request
  const taken = request.named.filter(
    ({ hold }) =>
      hold.status !== 'collected' &&
      hold.createdAt <= at + 5 * MINUTE &&
      lines.some(({ product }) => product === hold.product),
  )
  const live = taken.filter(({ hold }) => hold.status === 'held')
  const judged = judge(model, { ...request, named: live }, now)
  const isOver = 'code' in judged
  const { released, override } = isOver ? { released: [], override: false } : judged
  const freed = [...live.map(({ hold }) => hold), ...released]
  const lateness = now - at > 72 * 60 * MINUTE ? ['very_late'] : now - at > 5 * MINUTE ? ['late'] : []
  const flags = [
    ...(override ? ['override'] : []),
    ...lateness,
    ...(isOver ? ['over_allocation'] : []),
    ...(hasStock(model, { ...request, pharmacy }, freed, now) ? [] : ['stock_discrepancy']),
  ]
  const collected = partsOf(
    lines,
    taken.map(({ hold }) => hold),
  )
  return { collected, released, override, flags }
}

function partsOf(lines: Line[], taken: Hold[]): Granted['collected'] {
  const asked = new Map(PRODUCTS.map((product) => [product, total(lines, product)]))
  return taken.map((hold) => {
    const left = asked.get(hold.product) ?? 0
    const quantity = Math.min(left, hold.quantity)
    asked.set(hold.product, left - quantity)
    return { hold, quantity }
  })
}

function namedFault(model: Model, { person, pharmacy, lines, named, at }: HandOver, now: number): Refused | undefined {
  if (named.some(({ hold }) => hold.pharmacy !== pharmacy)) return { status: 404, code: 'not_found', facts: {} }
  for (const { hold, wrongCode } of named) {
    const { id: reservation, status } = hold
    if (hold.person !== person || wrongCode) return refused('pickup_code_wrong', { reservation })
    if (!lines.some(({ product }) => product === hold.product)) return refused('reservation_mismatch', { reservation })
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
  const fits = (released: Hold[]) => firstBeyond(model, request, at, [...named, ...released]) === undefined
  const supplied = (released: Hold[]) => hasStock(model, request, [...named, ...released], now)
  const least = leastOf(others, fits)
  if (least) {
    const released = leastOf(others, (set) => fits(set) && supplied(set)) ?? least
    if (least.length > 0 && !releaseHolds)
      return refused('entitlement_held', { holds: released.map(({ id }) => id).sort() })
    return { released: releaseHolds ? released : [], override: false }
  }
  if (!override) return exceededBy(model, request, named, others)
  if (model.overridesSince(pharmacy, now - WEEK) >= OVERRIDES_PER_WEEK) return refused('override_not_allowed', {})
  return { released: (releaseHolds && leastOf(others, supplied)) || [], override: true }
}

function exceededBy(model: Model, request: HandOver, named: Hold[], others: Hold[]): Refused {
  const { person, at } = request
  const { product, remaining } = firstBeyond(model, request, at, [...named, ...others]) as Beyond
  const again = model.firstTime(person, at, (later) => {
    // Nobody else's hold is released, also where it is in doubt whether that is somebody else.
    const expired = model.live().filter(({ expiresAt }) => expiresAt <= later)
    const gone = request.releaseHolds ? [...others, ...expired] : expired
    return firstBeyond(model, request, later, [...named, ...gone]) === undefined
  })
  return exceeded(model, { person, product, at }, remaining, again)
}

interface Beyond {
  product: Product
  remaining: number
}

/** The first line that is more than what is left at an instant, without some holds and after the lines before it. */
function firstBeyond(model: Model, { person, lines }: HandOver, at: number, without: Hold[]): Beyond | undefined {
  const receipts: Receipt[] = []
  for (const { product, quantity } of lines) {
    const { remaining } = model.left(person, product, at, { receipts, without })
    if (quantity > remaining) return { product, remaining }
    receipts.push({ product, quantity, at })
  }
  return undefined
}

function hasStock(model: Model, { pharmacy, lines, at }: HandOver, freed: Hold[], now: number): boolean {
  const here = freed.filter((hold) => hold.status === 'held' && hold.pharmacy === pharmacy)
  const enough = (product: Product) =>
    total(lines, product) <= model.level(pharmacy, product).available + total(here, product)
  return PRODUCTS.every((product) => model.isCounted(pharmacy, product, Math.min(at, now)) || enough(product))
}

const MINUTE = 60_000
const WEEK = 7 * 24 * 3_600_000

function exceeded(
  model: Model,
  { person, product, at }: { person: number; product: Product; at: number },
  remaining: number,
  again: number | null,
): Refused {
  const rule = model.ruleFor(person, product, at).id
  const resetsAt = again === null ? null : new Date(again).toISOString()
  return refused('entitlement_exceeded', { remaining: [{ product, quantity: remaining }], rule, resetsAt })
}

function refused(code: string, facts: Record<string, unknown>): Refused {
  return { status: 409, code, facts }
}
