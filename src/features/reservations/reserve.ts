import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import type { Place } from '../../db/sql.ts'
import { StaleRead } from '../../db/transaction.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { pickupCode } from '../../domain/pickup-code.ts'
import { invalid, isRefusal, Problem, type Refusal, refused } from '../../domain/problems.ts'
import { decideReservation } from '../../domain/reservation.ts'
import { type RefusedRequest, recordRefusal } from '../../store/decisions.ts'
import { readEntitlementFacts } from '../../store/entitlement-facts.ts'
import { reservationEvent, turningPoints } from '../../store/events.ts'
import { lockHead } from '../../store/ledger.ts'
import { nearestWithStock } from '../../store/nearest.ts'
import { requireKnownProducts } from '../../store/places.ts'
import { applyStockEffects } from '../../store/shelves.ts'
import { type HeldShelf, holdFirst } from './hold.ts'
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
  const refuse = (facts: EntitlementFacts | null, refusal: Refusal) =>
    recordRefusal(tx, refusedReservation(request, facts), refusal)

  const inactive = await requireKnownProducts(tx, [{ path: 'product', code: request.product }])
  const head = await lockHead(tx, professional)
  if (!head)
    return refuse(
      null,
      refused('professional_unknown', 'The directory does not know you; ask the operator of the service.'),
    )
  const facts = await readEntitlementFacts(tx, {
    identifier: professional,
    occurredAt: null,
    pharmacy: request.pharmacy ?? null,
    near: request.near ?? null,
  })
  if (facts?.person.id !== head.personId) throw new StaleRead('the person was merged before the lock')
  const refusal = decideReservation(facts, request, {
    productActive: inactive.length === 0,
    maxLiveHolds: limits.maxLiveHolds,
  })
  if (refusal) return refuse(facts, refusal)

  const found = await holdSomewhere(tx, request, request.near ?? facts.person.practice)
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

async function holdSomewhere(
  tx: Transaction,
  request: ReservationRequest,
  near: Place | null,
): Promise<{ candidate: Target; held: HeldShelf } | Refusal> {
  if (request.pharmacy) return holdAtNamed(tx, request.pharmacy, request, near)
  if (!near) throw invalid('near', 'required, since the directory knows no practice of yours')
  for (let look = 1; look <= LOOKS; look++) {
    const candidates = await nearestWithStock(tx, { ...request, near, limit: CANDIDATES })
    if (candidates.length === 0) {
      return refused(
        'no_stock_in_reach',
        `No pharmacy within ${request.maxDistanceMetres} metres has ${request.quantity} masks of ${request.product} now.`,
        { product: request.product },
        { product: request.product, quantity: request.quantity },
      )
    }
    const found = await holdFirst(tx, candidates, request)
    if (found) return found
  }
  // There was stock at every look and somebody else took it each time: not the same as «no stock».
  throw new Problem('unavailable', 'Too many reservations at once nearby. Nothing was done; try again in a moment.')
}

async function holdAtNamed(
  tx: Transaction,
  finess: string,
  request: ReservationRequest,
  near: Place | null,
): Promise<{ candidate: Target; held: HeldShelf } | Refusal> {
  const pharmacy = await findPharmacy(tx, finess, near)
  if (!pharmacy) throw new Problem('not_found', 'There is no such pharmacy.')
  const { active, ...target } = pharmacy
  // The second look is for holds that expired while the first waited for the shelf.
  const found = active ? await holdFirst(tx, [target, target], request) : undefined
  if (found) return found
  const { product, quantity } = request
  const available = active ? await availableAt(tx, finess, product) : 0
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
