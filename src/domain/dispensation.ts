import { allowanceFor, type EntitlementFacts, exceeded } from './beneficiary.ts'
import type { Allowance, Hold, Receipt } from './entitlement.ts'
import { iso } from './instant.ts'
import { isCutShort, liveOf, type NamedReservation, reservationFault } from './named-reservations.ts'
import { isRefusal, type Judged, type Refusal, refused } from './refusals.ts'

/** What a pharmacy asks to hand over. */
export interface HandOver {
  lines: { product: string; quantity: number; lot?: string | undefined }[]
  reservations: { id: string; pickupCode: string }[]
  releaseHolds: boolean
  override: boolean
}

export interface DispensationFacts {
  entitlement: EntitlementFacts
  /** In the order of the request. */
  reservations: NamedReservation[]
  inactiveProducts: string[]
  /**
   * By product: on hand and promised to nobody live, at this pharmacy. What was counted since the hand-over is not
   * among them, since the count has seen the masks gone: the shelf of today says nothing about that of then.
   */
  available: ReadonlyMap<string, number>
  pharmacy: string
  overridesLeft: number
}

/** A line that may be handed over, with what it was judged by. */
interface GrantedLine {
  product: string
  quantity: number
  lot: string | null
  allowance: Allowance
  beyondCap: boolean
}

export interface Grant {
  lines: GrantedLine[]
  /** Named reservations with the quantity collected from each; `expired` ones count as walk-ins. */
  outcomes: { id: string; outcome: 'collected' | 'expired'; quantity: number }[]
  /** Holds cancelled to make room for this hand-over. */
  released: Hold[]
  flags: string[]
}

/** Decides a hand-over: all lines, or none. Pure: every fact, the time among them, comes in. */
export function decideDispensation(facts: DispensationFacts, request: HandOver): Grant | Refusal {
  const { entitlement } = facts
  if (entitlement.person.status === 'suspended')
    return refused('professional_suspended', 'The professional is suspended.')
  const [inactive] = facts.inactiveProducts
  if (inactive !== undefined)
    return refused(
      'product_inactive',
      `${inactive} is no longer distributed.`,
      { product: inactive },
      { product: inactive, quantity: total(request.lines, inactive) },
    )

  const mismatch = reservationFault(facts, request)
  if (mismatch) return mismatch
  const live = liveOf(facts)
  const otherHolds = entitlement.holds.filter(({ id }) => !live.some((named) => named.id === id))

  const judged = judgeLines(facts, request, otherHolds)
  if (isRefusal(judged)) return judged
  const short = shortage(facts, request, [
    ...live,
    ...judged.released.filter(({ pharmacy }) => pharmacy === facts.pharmacy),
  ])
  if (short) return short
  const taken = facts.reservations.filter((named) => live.includes(named) || isCutShort(facts, named))
  return { ...judged, outcomes: outcomesOf(facts, request, taken) }
}

function judgeLines(
  facts: DispensationFacts,
  request: HandOver,
  otherHolds: Hold[],
): Omit<Grant, 'outcomes'> | Refusal {
  const { entitlement } = facts
  const lines: GrantedLine[] = []
  const receipts: Receipt[] = []
  const inTheWay = new Set<Hold>()
  let blocked: Judged | undefined
  for (const { product, quantity, lot } of request.lines) {
    const holds = otherHolds.filter((hold) => !inTheWay.has(hold))
    let allowance = allowanceFor(entitlement, product, { receipts, holds })
    if (isRefusal(allowance)) return { ...allowance, judged: { product, quantity } }
    if (quantity > allowance.remaining && !request.override) {
      const withoutHolds = allowanceFor(entitlement, product, { receipts, holds: [] })
      if (isRefusal(withoutHolds)) return withoutHolds
      if (quantity > withoutHolds.remaining) return exceeded(entitlement, withoutHolds, quantity)
      const { products } = withoutHolds.rule
      for (const hold of holds) if (products.includes(hold.product)) inTheWay.add(hold)
      blocked ??= { product, quantity, allowance }
      allowance = withoutHolds
    }
    lines.push({ product, quantity, lot: lot ?? null, allowance, beyondCap: quantity > allowance.remaining })
    receipts.push({ product, quantity, at: entitlement.occurredAt })
  }
  const released = [...inTheWay]
  if (released.length > 0 && !request.releaseHolds) return held(released, blocked)
  const beyond = lines.find(({ beyondCap }) => beyondCap)
  if (beyond && facts.overridesLeft <= 0) {
    return refused('override_not_allowed', 'This pharmacy has used all the overrides of the last 7 days.', {}, beyond)
  }
  return { lines, released, flags: beyond ? ['override'] : [] }
}

function held(holds: Hold[], judged: Judged | undefined): Refusal {
  return refused(
    'entitlement_held',
    'The professional has reservations that use up the entitlement. Collect them, or send releaseHolds: true to cancel them.',
    {
      holds: holds.map(({ id, product, quantity, expiresAt }) => ({
        id,
        product,
        quantity,
        expiresAt: iso(expiresAt),
      })),
    },
    judged,
  )
}

function shortage(
  facts: DispensationFacts,
  request: HandOver,
  freed: { product: string; quantity: number }[],
): Refusal | undefined {
  for (const product of new Set(request.lines.map((line) => line.product))) {
    const available = facts.available.get(product)
    if (available === undefined) continue
    const free = available + total(freed, product)
    if (total(request.lines, product) > free) {
      return refused(
        'stock_insufficient',
        `${free} masks of ${product} are available at this pharmacy.`,
        { product, available: free },
        { product, quantity: total(request.lines, product), available: free },
      )
    }
  }
  return undefined
}

function outcomesOf(facts: DispensationFacts, request: HandOver, taken: NamedReservation[]): Grant['outcomes'] {
  const left = new Map<string, number>()
  return facts.reservations.map((reservation) => {
    const asked = left.get(reservation.product) ?? total(request.lines, reservation.product)
    if (!taken.includes(reservation)) return { id: reservation.id, outcome: 'expired', quantity: 0 }
    const quantity = Math.min(asked, reservation.quantity)
    left.set(reservation.product, asked - quantity)
    return { id: reservation.id, outcome: 'collected', quantity }
  })
}

function total(lines: readonly { product: string; quantity: number }[], product: string): number {
  return lines.reduce((sum, line) => (line.product === product ? sum + line.quantity : sum), 0)
}
