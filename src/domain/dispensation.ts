import { type EntitlementFacts, exceeded } from './beneficiary.ts'
import { shortOfStock, stockInsufficient, stockShortfalls } from './counter-stock.ts'
import { type Hold, quantityOf } from './entitlement.ts'
import { firstGrantedAt } from './first-granted.ts'
import type { Flag } from './flags.ts'
import { iso } from './instant.ts'
import { type GrantedLine, isWithinCaps, type JudgedLine, judgeLines, type Line, shortfallsOf } from './judged-lines.ts'
import type { Text } from './language.ts'
import { isCutShort, liveOf, type NamedBy, type NamedReservation, reservationFault } from './named-reservations.ts'
import { productInactive } from './product-inactive.ts'
import { isRefusal, type Judged, type Refusal, refused } from './refusals.ts'
import { leastRelease } from './release.ts'
import { professionalSuspended } from './suspended.ts'

/** What a pharmacy asks to hand over. */
export interface HandOver {
  lines: Line[]
  reservations: NamedBy[]
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

export interface Grant {
  lines: GrantedLine[]
  /** Named reservations with the quantity collected from each; the others count as walk-ins. */
  outcomes: { id: string; outcome: 'collected' | 'expired' | 'not_collected'; quantity: number }[]
  /** Holds cancelled to make room for this hand-over. */
  released: Hold[]
  flags: Flag[]
}

const overridesUsedUp: Text = {
  en: 'This pharmacy has used all the overrides of the last 7 days.',
  fr: 'Cette officine a utilisé toutes ses dérogations des 7 derniers jours.',
}

/** Decides a hand-over: all lines, or none. Pure: every fact, the time among them, comes in. */
export function decideDispensation(facts: DispensationFacts, request: HandOver): Grant | Refusal {
  const { entitlement } = facts
  if (entitlement.person.status === 'suspended') return refused('professional_suspended', professionalSuspended)
  const [inactive] = facts.inactiveProducts
  if (inactive !== undefined)
    return productInactive(inactive, { product: inactive, quantity: quantityOf([inactive], request.lines) })

  const mismatch = reservationFault(facts, request)
  if (mismatch) return mismatch
  const live = liveOf(facts)

  const judged = judge(facts, request, live)
  if (isRefusal(judged)) return judged
  const [short] = shortOfStock(facts, request.lines, [...live, ...judged.released])
  if (short) return stockInsufficient(request.lines, short)
  const taken = facts.reservations.filter((named) => live.includes(named) || isCutShort(facts, named))
  return { ...judged, outcomes: outcomesOf(facts, request, taken) }
}

/** Judges a hand-over by its entitlement alone; `live` are the holds that it collects. */
export function judge(
  facts: DispensationFacts,
  request: HandOver,
  live: NamedReservation[],
): Omit<Grant, 'outcomes'> | Refusal {
  const { entitlement } = facts
  const others = entitlement.holds.filter(({ id }) => !live.some((named) => named.id === id))
  const own = others.filter(({ ofAnother }) => !ofAnother)
  const asHeld = judgeLines(entitlement, request.lines, others)
  if (isRefusal(asHeld)) return asHeld
  const stock = stockShortfalls(facts, request.lines, live)
  const forStock = () => (request.releaseHolds && leastRelease(own, stock)) || []
  const [blocked] = asHeld.filter(({ beyondCap }) => beyondCap)
  if (!blocked) return { lines: asHeld, released: forStock(), flags: [] }

  const inTheWay = shortfallsOf(asHeld)
  const released = leastRelease(own, [...inTheWay, ...stock]) ?? leastRelease(own, inTheWay)
  if (released) {
    if (!request.releaseHolds) return held(released, blocked)
    const lines = judgeLines(
      entitlement,
      request.lines,
      others.filter((hold) => !released.includes(hold)),
    )
    return isRefusal(lines) ? lines : { lines, released, flags: [] }
  }
  // An override is only spent where no release would do, and then nothing stands in the entitlement's way.
  if (!request.override) return exceededBy(entitlement, request, others)
  if (facts.overridesLeft <= 0) return refused('override_not_allowed', overridesUsedUp, {}, blocked)
  return { lines: asHeld, released: forStock(), flags: ['override'] }
}

// What the first line lacks that no release of own holds makes room for. The request would be granted once all of its
// lines are.
function exceededBy(entitlement: EntitlementFacts, { lines, releaseHolds }: HandOver, others: Hold[]): Refusal {
  const stays = ({ ofAnother }: Hold) => ofAnother === true
  const unheld = judgeLines(entitlement, lines, others.filter(stays))
  if (isRefusal(unheld)) return unheld
  const [{ allowance, quantity }] = unheld.filter(({ beyondCap }) => beyondCap) as [JudgedLine]
  const products = lines.map(({ product }) => product)
  const resets = firstGrantedAt(entitlement, products, (then) => {
    const counting = then.holds.filter((hold) => others.includes(hold) && (!releaseHolds || stays(hold)))
    return isWithinCaps(judgeLines(then, lines, counting))
  })
  return exceeded(entitlement, allowance, quantity, resets)
}

function held(holds: Hold[], judged: Judged | undefined): Refusal {
  return refused(
    'entitlement_held',
    {
      en: 'The professional has reservations that use up the entitlement. Collect them, or send releaseHolds: true to cancel them.',
      fr: 'Les options du professionnel épuisent son droit restant. Remettez-les, ou envoyez releaseHolds: true pour les annuler.',
    },
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

/** What becomes of the reservations named once these are taken; `otherwise` is said of the others. */
export function outcomesOf(
  facts: DispensationFacts,
  request: HandOver,
  taken: NamedReservation[],
  otherwise: (reservation: NamedReservation) => 'expired' | 'not_collected' = () => 'expired',
): Grant['outcomes'] {
  const left = new Map<string, number>()
  return facts.reservations.map((reservation) => {
    const asked = left.get(reservation.product) ?? quantityOf([reservation.product], request.lines)
    if (!taken.includes(reservation)) return { id: reservation.id, outcome: otherwise(reservation), quantity: 0 }
    const quantity = Math.min(asked, reservation.quantity)
    left.set(reservation.product, asked - quantity)
    return { id: reservation.id, outcome: 'collected', quantity }
  })
}
