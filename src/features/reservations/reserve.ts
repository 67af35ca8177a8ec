import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { unknown } from '../../domain/named.ts'
import { pickupCode } from '../../domain/pickup-code.ts'
import { invalid, isRefusal, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { decideReservation } from '../../domain/reservation.ts'
import { readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { lockHead } from '../../store/ledger.ts'
import { type From, nearestWithStock } from '../../store/nearest.ts'
import { findProducts } from '../../store/products.ts'
import { type RefusedRequest, recordRefusal } from '../../store/refusals.ts'
import { applyStockEffects } from '../../store/shelves.ts'
import { type HeldShelf, holdFirst, holdIfFree, letGo, markNearest, NEAREST } from './hold.ts'
import { availableAt, findPharmacy, insertReservation } from './queries.ts'
import type { Reservation, ReservationRequest } from './schema.ts'

// More than the connections of all replicas together: each rival can empty one pharmacy ahead of us.
const CANDIDATES = 64
// A further look finds what was freed or left over meanwhile; beyond that the region is fought over mask by mask.
const LOOKS = 4
const HOUR_MS = 3_600_000

export interface HoldLimits {
  holdHours: number
  maxLiveHolds: number
}

type Target = Reservation['pharmacy'] & { distanceMetres: number | null }

/** Holds masks for a professional at the named pharmacy, else at the nearest that can serve the whole quantity. */
export async function reserve(
  tx: Transaction,
  professional: string,
  request: ReservationRequest,
  limits: HoldLimits,
): Promise<Reservation | Refusal> {
  const refuse = (facts: EntitlementFacts | null, refusal: Refusal) => {
    letGo(tx) // Before the COMMIT is written to disk, as others may wait for the shelf.
    return recordRefusal(tx, refusedReservation(request, facts), refusal)
  }

  const { near, pharmacy = null } = request
  const from = near ?? { practiceOf: professional }
  // In one flush, and the shelf last if it is free: hardly anybody is refused after it. Whoever is lets go of it unseen.
  const known = Promise.all([
    findProducts(tx, [request.product]),
    lockHead(tx, professional),
    readEntitlementFacts(tx, { identifier: professional, occurredAt: null, pharmacy, near: near ?? null }),
  ])
  const first = pharmacy === null ? tryNearest(tx, request, from) : tryNamed(tx, request, pharmacy, from)
  first.catch(() => {}) // Not waited for by a refusal.
  const [[product], head, facts] = await known
  if (!product) throw unknown('product', 'product')
  if (!head)
    return refuse(
      null,
      refused('professional_unknown', 'The directory does not know you; ask the operator of the service.'),
    )
  if (facts?.person.id !== head.personId) throw new StaleRead('the person was merged before the lock')
  const refusal = decideReservation(facts, request, {
    productActive: product.active,
    maxLiveHolds: limits.maxLiveHolds,
  })
  if (refusal) return refuse(facts, refusal)

  if (pharmacy === null && !near && !facts.person.practice)
    throw invalid('near', 'required, since the directory knows no practice of yours')
  const tried = await first
  const found =
    pharmacy === null ? await holdSomewhere(tx, request, from, tried) : await holdAtNamed(tx, request, tried)
  if (isRefusal(found)) return refuse(facts, found)
  const until = facts.at + Math.round(limits.holdHours * HOUR_MS)
  const reservation = reservationOf(request, found.candidate, facts.at, until)
  write(tx, reservation, found.held, { personId: head.personId, from: facts.at, until })
  return reservation
}

// Who has no practice is judged, and so kept, by the territory of the pharmacy, or of the one nearest to the place.
function refusedReservation({ pharmacy }: ReservationRequest, facts: EntitlementFacts | null): RefusedRequest {
  const person = facts?.person ?? null
  const pharmacyTerritory = person?.practiceTerritory === null ? facts?.territoryPath[0] : undefined
  return { verb: 'reservation', person, pharmacy: pharmacy ?? null, pharmacyTerritory }
}

type Candidate = Target & { active?: boolean }

/** The pharmacy found first, and what was set aside there, if it had enough once its shelf was locked. */
interface Tried {
  candidate: Candidate | undefined
  held: HeldShelf | undefined
}

async function tryNearest(tx: Transaction, request: ReservationRequest, near: From): Promise<Tried> {
  const nearest = markNearest(tx, { ...request, near })
  const [candidate, held] = await Promise.all([nearest, holdIfFree(tx, NEAREST, request)])
  return { candidate, held }
}

async function tryNamed(tx: Transaction, request: ReservationRequest, finess: string, from: From): Promise<Tried> {
  const pharmacy = findPharmacy(tx, finess, from)
  const [candidate, held] = await Promise.all([pharmacy, holdIfFree(tx, finess, request)])
  return { candidate, held }
}

async function holdSomewhere(
  tx: Transaction,
  request: ReservationRequest,
  near: From,
  { candidate, held }: Tried,
): Promise<{ candidate: Target; held: HeldShelf } | Refusal> {
  if (!candidate) return noStockInReach(request)
  let found = held ? { candidate, held } : await holdFirst(tx, [candidate], request)
  for (let looks = 0; !found && looks < LOOKS; looks++) {
    const candidates = await nearestWithStock(tx, { ...request, near, limit: CANDIDATES })
    if (candidates.length === 0) return noStockInReach(request)
    found = await holdFirst(tx, candidates, request)
  }
  if (found) return found
  // There was stock at every look and somebody else took it each time: not the same as «no stock».
  throw new Rejection('unavailable', 'Too many reservations at once nearby. Nothing was done; try again in a moment.')
}

function noStockInReach({ product, quantity, maxDistanceMetres }: ReservationRequest): Refusal {
  return refused(
    'no_stock_in_reach',
    `No pharmacy within ${maxDistanceMetres} metres has ${quantity} masks of ${product} now.`,
    { product },
    { product, quantity },
  )
}

async function holdAtNamed(
  tx: Transaction,
  { product, quantity }: ReservationRequest,
  { candidate, held }: Tried,
): Promise<{ candidate: Target; held: HeldShelf } | Refusal> {
  if (!candidate) throw new Rejection('not_found', 'There is no such pharmacy.')
  if (candidate.active) {
    // The second look is for holds that expired while the first waited for the shelf.
    const found = held ? { candidate, held } : await holdFirst(tx, [candidate, candidate], { product, quantity })
    if (found) return found
  }
  const available = candidate.active ? await availableAt(tx, candidate.finess, product) : 0
  return refused(
    'stock_insufficient',
    `This pharmacy has ${available} masks of ${product} available, not ${quantity}.`,
    { product, available },
    { product, quantity, available },
  )
}

function reservationOf(
  request: ReservationRequest,
  target: Target,
  from: Instant,
  until: Instant,
): Reservation & { pickupCode: string } {
  const { distanceMetres, finess, name, address, latitude, longitude } = target
  return {
    id: uuidv7(),
    product: request.product,
    quantity: request.quantity,
    pharmacy: { finess, name, address, latitude, longitude },
    distanceMetres,
    pickupCode: pickupCode(randomBytes(5)),
    createdAt: iso(from),
    expiresAt: iso(until),
    status: 'held',
  }
}

function write(
  tx: Transaction,
  reservation: Reservation & { pickupCode: string },
  { before, after, expired }: HeldShelf,
  held: { personId: string; from: Instant; until: Instant },
): void {
  const { pharmacy, product } = before
  applyStockEffects(tx, {
    at: held.from,
    before: [before],
    after: [after],
    movements: [],
    ended: expired.map(({ id }) => ({ id, status: 'expired' })),
    events: [
      ...expired.map((ended) => reservationEvent('reservation.expired', ended)),
      reservationEvent('reservation.created', { id: reservation.id, pharmacy, product, personId: held.personId }),
      ...turningPoints([before], [after]),
    ],
  })
  insertReservation(tx, reservation, held)
}
