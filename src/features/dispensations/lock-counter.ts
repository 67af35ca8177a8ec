import type { Transaction } from '../../db/database.ts'
import type { EntitlementFacts } from '../../domain/beneficiary.ts'
import type { Counter } from '../../domain/dispensation-effects.ts'
import { availableOn } from '../../domain/effects.ts'
import type { LockedHold } from '../../domain/holds.ts'
import { phrase } from '../../domain/language.ts'
import { requireKnown } from '../../domain/named.ts'
import type { NamedReservation } from '../../domain/named-reservations.ts'
import { requireTriesLeft } from '../../domain/pickup-code.ts'
import { Rejection } from '../../domain/refusals.ts'
import { isCounted, type Shelf } from '../../domain/shelf.ts'
import type { HandOverBefore } from '../../domain/similar-hand-over.ts'
import { voucherElsewhere } from '../../domain/voucher.ts'
import { headOf, readCounterFacts } from '../../store/entitlement-facts.ts'
import { lockHeadsFor } from '../../store/ledger.ts'
import { secondsUntilTry } from '../../store/pickup-code-tries.ts'
import { findProducts } from '../../store/products.ts'
import { lockShelves } from '../../store/shelves.ts'
import type { CounterLimits } from './counter-limits.ts'
import { countOverrides, lockReservations, readPharmacy } from './counter-queries.ts'
import { requireRecent } from './require-recent.ts'
import type { DispensationRequest } from './schema.ts'

/** What decides a hand-over, and what the person received here at about the same time. */
export interface LockedCounter extends Counter {
  recent: HandOverBefore[]
}

/**
 * Locks what decides a hand-over and reads the facts. Undefined if nobody has this identifier. Throws a Rejection if
 * the request names something wrongly.
 */
export async function lockCounter(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  { overridesPerWeek, limitCodeTries }: CounterLimits,
): Promise<LockedCounter | undefined> {
  const products = [...new Set(request.lines.map(({ product }) => product))]
  const found = await lockAndRead(tx, pharmacy, request, products, limitCodeTries)
  const [inactiveProducts, heads, place, locked, { entitlement, recent }, overrides, shelves] = found
  if (!entitlement) return undefined
  const head = headOf(entitlement, heads)
  requireRecent(request.dispensedAt, entitlement.at)
  const expired = locked.filter(({ status, expiresAt }) => status === 'held' && expiresAt <= entitlement.at)
  return {
    facts: {
      entitlement,
      reservations: named(pharmacy, request, locked),
      inactiveProducts,
      available: availableByProduct(pharmacy, products, { shelves, expired, entitlement }),
      pharmacy,
      overridesLeft: overridesPerWeek - overrides,
    },
    head,
    shelves,
    expired: expired.filter((hold) => hold.pharmacy === pharmacy),
    pharmacyTerritory: place.territory,
    recent,
  }
}

/**
 * Sends everything in one flush, in the order in which everybody takes locks: head, the pharmacy's overrides,
 * reservations by id, shelves by pharmacy and product. Each statement's snapshot is taken after the locks before it.
 * Shelves come last, so that the busiest locks are held for the shortest time. Only holds to be released may be on
 * shelves not known beforehand.
 */
function lockAndRead(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  products: string[],
  limitCodeTries: boolean,
) {
  const lines = request.lines.map(({ product }, index) => ({ path: `lines[${index}].product`, code: product }))
  const inactiveProducts = findProducts(tx, products).then((found) => {
    requireKnown('product', lines, found)
    return found.filter(({ active }) => !active).map(({ code }) => code)
  })
  const heads = lockHeadsFor(tx, request.professional)
  const place = readPharmacy(tx, pharmacy, { lock: request.override !== undefined })
  const locked = lockReservations(tx, pharmacy, products, { ...request, alsoLive: false })
  const who = { identifier: request.professional, occurredAt: request.dispensedAt ?? null, pharmacy }
  const entitlement = readCounterFacts(tx, who)
  const overrides = countOverrides(tx, pharmacy)
  const here = products.map((product) => ({ pharmacy, product }))
  const shelves = request.releaseHolds
    ? locked.then((released) => lockShelves(tx, [...here, ...released]))
    : lockShelves(tx, here)
  const triesLeft = limitCodeTries ? refuseTriedTooOften(tx, pharmacy, request) : undefined
  return Promise.all([inactiveProducts, heads, place, locked, entitlement, overrides, shelves, triesLeft])
}

// In a later statement than the reservations' locks, so that simultaneous tries are counted.
async function refuseTriedTooOften(tx: Transaction, pharmacy: string, { reservations }: DispensationRequest) {
  // A voucher cannot be guessed.
  const named = reservations.flatMap((by) => ('voucher' in by ? [] : by.id))
  if (named.length === 0) return
  requireTriesLeft(await secondsUntilTry(tx, pharmacy, named))
}

/**
 * The reservations that a request names, of those locked. Some may be locked at other pharmacies, to be released:
 * naming one does not bring its masks here.
 */
export function named(pharmacy: string, request: DispensationRequest, locked: NamedReservation[]): NamedReservation[] {
  return request.reservations.map((by, index) => {
    const found = locked.find(({ id, pharmacy: there }) => id === by.id && there === pharmacy)
    if (found) return found
    if ('voucher' in by && by.voucher.pharmacy !== pharmacy) throw voucherElsewhere()
    throw new Rejection('not_found', {
      en: phrase`reservations[${index}]: there is no such reservation at this pharmacy.`,
      fr: phrase`reservations[${index}] : cette option n’existe pas dans cette officine.`,
    })
  })
}

/** What is available of each product, of the shelves that no count has seen since. */
export function availableByProduct(
  pharmacy: string,
  products: string[],
  { shelves, expired, entitlement: { occurredAt, at } }: Locked,
): Map<string, number> {
  const found = new Map(products.map((product) => [product, 0]))
  for (const shelf of shelves.filter((each) => each.pharmacy === pharmacy)) {
    if (isCounted(shelf, occurredAt, at)) found.delete(shelf.product)
    else found.set(shelf.product, availableOn({ shelf, expired }))
  }
  return found
}

interface Locked {
  shelves: Shelf[]
  expired: LockedHold[]
  entitlement: Pick<EntitlementFacts, 'occurredAt' | 'at'>
}
