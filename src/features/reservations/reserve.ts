import { randomBytes } from 'node:crypto'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import { reservationEffects } from '../../domain/effects.ts'
import type { NewReservation } from '../../domain/holds.ts'
import { iso } from '../../domain/instant.ts'
import { counted, phrase, type Text } from '../../domain/language.ts'
import { noSuch, unknown } from '../../domain/named.ts'
import { pickupCode } from '../../domain/pickup-code.ts'
import { invalid, isRefusal, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { decideReservation, refusedAnywhere } from '../../domain/reservation.ts'
import { reservationsClosed } from '../../domain/reservations-closed.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { headOf, readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { lockHeadsFor } from '../../store/ledger.ts'
import { nearestWithStock } from '../../store/nearest.ts'
import { findProducts } from '../../store/products.ts'
import { type RefusedRequest, recordRefusal } from '../../store/refusals.ts'
import { type Found, isFound, letGo, type Target, type Tried, tryUnlocked, type Wanted, waitForFirst } from './hold.ts'
import type { Place } from './place.ts'
import { availableAt } from './queries.ts'
import type { Reservation, ReservationRequest } from './schema.ts'
import type { Vouch } from './vouch.ts'

// More than the connections of all processes together: each rival can empty one pharmacy ahead of us.
const CANDIDATES = 64
// Another look finds what has been freed or left over meanwhile; beyond these, every mask in the region is contested.
const LOOKS = 4
const HOUR_MS = 3_600_000

export interface HoldLimits {
  holdHours: number
  maxLiveHolds: number
  vouch: Vouch
}

/** What nobody can guess of a new reservation, and what tells it from all others. */
type Drawn = Pick<NewReservation, 'id' | 'pickupCode'>

const drawReservation = (): Drawn => ({ id: draw.id(), pickupCode: pickupCode(randomBytes(5)) })

/** Holds masks for a professional at the named pharmacy, or at the nearest that can serve the whole quantity. */
export async function reserve(
  tx: Transaction,
  professional: string,
  request: ReservationRequest,
  { vouch, ...limits }: HoldLimits,
  drawn: () => Drawn = drawReservation,
): Promise<Reservation | Refusal> {
  const { near = null, pharmacy = null } = request
  const refuse = (facts: EntitlementFacts | null, refusal: Refusal) => {
    letGo(tx) // Before the COMMIT reaches the disk, since others may be waiting for the shelf.
    return recordRefusal(tx, refusedReservation(request, facts), refusal)
  }

  // In one flush, the shelf last: hardly anybody is refused after it. See hold.ts.
  const known = Promise.all([
    findProducts(tx, [request.product]),
    lockHeadsFor(tx, professional),
    readEntitlementFacts(tx, { identifier: professional, occurredAt: null, pharmacy }),
  ])
  const target: Target = pharmacy === null ? { kind: 'nearest' } : { kind: 'named', finess: pharmacy }
  const wanted = { ...request, near: near ?? { practiceOf: professional } }
  const first = tryUnlocked(tx, target, wanted)
  first.catch(() => {}) // A refusal does not wait for it.
  const [[product], heads, facts] = await known
  if (!product) throw unknown('product', 'product')
  if (!facts) return refuse(null, refused('professional_unknown', youUnknown))
  const head = headOf(facts, heads)
  const context = { productActive: product.active, maxLiveHolds: limits.maxLiveHolds }
  const refusal = (isJudgedThere(request, facts) ? refusedAnywhere : decideReservation)(facts, request, context)
  if (refusal) return refuse(facts, refusal)

  if (pharmacy === null && !near && !facts.person.practice) throw invalid('near', practiceUnknown)
  const tried = await first
  const found = await (pharmacy === null ? findNearest(tx, wanted, tried) : findNamed(tx, wanted, tried))
  if (isRefusal(found)) return refuse(facts, found)
  if (isJudgedThere(request, facts)) {
    const there = await factsAt(tx, professional, found.place.finess)
    const refusedThere = decideReservation(there, request, context)
    if (refusedThere) return refuse(there, refusedThere)
  }
  const until = facts.at + Math.round(limits.holdHours * HOUR_MS)
  const made = reservationOf(wanted, found, { ...drawn(), personId: head.personId, from: facts.at, until })
  const answer = vouch(professional, answerOf(made, found.place))
  writeEffects(tx, reservationEffects(found.swept, made))
  return answer
}

const youUnknown: Text = {
  en: 'The directory does not know you; ask the operator of the service.',
  fr: 'L’annuaire ne vous connaît pas ; adressez-vous à l’exploitant du service.',
}
const practiceUnknown: Text = {
  en: 'required, since the directory knows no practice of yours',
  fr: 'obligatoire, car l’annuaire ne vous connaît pas de lieu d’exercice',
}

// Somebody without a practice is judged by the territory of the pharmacy, which a search has yet to find: the place it
// starts from is whatever the caller says. It takes one more round trip, which nobody with a practice waits for.
function isJudgedThere({ pharmacy }: ReservationRequest, { person }: EntitlementFacts): boolean {
  return pharmacy === undefined && person.practiceTerritory === null
}

async function factsAt(tx: Transaction, identifier: string, pharmacy: string): Promise<EntitlementFacts> {
  const facts = await readEntitlementFacts(tx, { identifier, occurredAt: null, pharmacy })
  if (!facts) throw new StaleRead('a locked person is gone')
  return facts
}

// Recorded where it was judged.
function refusedReservation({ pharmacy }: ReservationRequest, facts: EntitlementFacts | null): RefusedRequest {
  const person = facts?.person ?? null
  const pharmacyTerritory = person?.practiceTerritory === null ? facts?.territoryPath[0] : undefined
  return { verb: 'reservation', person, pharmacy: pharmacy ?? null, pharmacyTerritory }
}

async function findNearest(tx: Transaction, wanted: Wanted, tried: Tried | undefined): Promise<Found | Refusal> {
  if (!tried) return noStockInReach(wanted)
  let found = isFound(tried) ? tried : await waitForFirst(tx, [tried.place], wanted)
  for (let looks = 0; !found && looks < LOOKS; looks++) {
    const candidates = await nearestWithStock(tx, { ...wanted, limit: CANDIDATES })
    if (candidates.length === 0) return noStockInReach(wanted)
    found = await waitForFirst(tx, candidates, wanted)
  }
  if (found) return found
  // Each look found stock that somebody else then took, which is not the same as «no stock».
  throw new Rejection('unavailable', {
    en: 'Too many reservations at once nearby. Nothing was done; try again in a moment.',
    fr: 'Trop d’options à la fois dans les environs. Rien n’a été fait ; réessayez dans un instant.',
  })
}

function noStockInReach({ product, quantity, maxDistanceMetres }: Wanted): Refusal {
  return refused(
    'no_stock_in_reach',
    {
      en: phrase`No pharmacy within ${maxDistanceMetres} metres has ${counted(quantity, 'mask', 'masks')} of ${product} now. Ask for fewer, or search farther.`,
      fr: phrase`Aucune officine à moins de ${maxDistanceMetres} mètres n’a ${counted(quantity, 'masque', 'masques')} ${product} en ce moment. Demandez-en moins, ou cherchez plus loin.`,
    },
    { product },
    { product, quantity },
  )
}

async function findNamed(tx: Transaction, wanted: Wanted, tried: Tried | undefined): Promise<Found | Refusal> {
  if (!tried) throw noSuch('pharmacy')
  const { place } = tried
  const { product, quantity } = wanted
  if (place.active && !place.takesReservations) return reservationsClosed(place.noticeUntil)
  if (place.active) {
    // The second look is for holds that expired while the first waited for the shelf.
    const found = isFound(tried) ? tried : await waitForFirst(tx, [place, place], wanted)
    if (found) return found
  }
  const available = place.active ? await availableAt(tx, place.finess, product) : 0
  return refused(
    'stock_insufficient',
    {
      en: phrase`This pharmacy has ${counted(available, 'mask', 'masks')} of ${product} available, not ${quantity}. Ask for fewer, or name no pharmacy and have the nearest found.`,
      fr: phrase`Disponible dans cette officine : ${counted(available, 'masque', 'masques')} ${product}, et non ${quantity}. Demandez-en moins, ou ne nommez pas d’officine : la plus proche sera trouvée.`,
    },
    { product, available },
    { product, quantity, available },
  )
}

function reservationOf(
  { product, quantity }: Wanted,
  { place: { finess, distanceMetres }, label }: Tried,
  held: Drawn & Pick<NewReservation, 'personId' | 'from' | 'until'>,
): NewReservation {
  return { ...held, pharmacy: finess, product, quantity, label, distanceMetres }
}

function answerOf(made: NewReservation, { finess, name, address, latitude, longitude }: Place): Reservation {
  return {
    id: made.id,
    product: made.product,
    quantity: made.quantity,
    pharmacy: { finess, name, address, latitude, longitude },
    distanceMetres: made.distanceMetres,
    pickupCode: made.pickupCode,
    ...(made.label !== null && { label: made.label }),
    createdAt: iso(made.from),
    expiresAt: iso(made.until),
    status: 'held',
  }
}
