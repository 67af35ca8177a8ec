import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { requireKnown } from '../../domain/named.ts'
import type { Actor } from '../../store/admin-acts.ts'
import { headOf, readCounterFacts } from '../../store/entitlement-facts.ts'
import { lockHeadsFor } from '../../store/ledger.ts'
import { secondsUntilTry } from '../../store/pickup-code-tries.ts'
import { findProducts } from '../../store/products.ts'
import { addProvisional } from '../../store/provisional.ts'
import { ensureShelf, lockHoldsOfLocked, lockShelves } from '../../store/shelves.ts'
import type { CounterLimits } from './counter-limits.ts'
import { countOverrides, lockReservations, readPharmacy } from './counter-queries.ts'
import { availableByProduct, type LockedCounter, named } from './lock-counter.ts'
import type { DispensationRequest } from './schema.ts'

/** What decides a hand-over that has taken place. */
export interface LockedOffline extends LockedCounter {
  /** Not where too many were wrong within the hour. */
  codesAreLookedAt: boolean
}

/**
 * Locks and reads what `lockCounter` does, for a hand-over that has taken place: whom the directory lacks is added
 * provisionally, and a shelf that there is not is made.
 */
export async function lockOffline(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  { overridesPerWeek, limitCodeTries, actor }: CounterLimits & { actor: Actor },
): Promise<LockedOffline> {
  const products = [...new Set(request.lines.map(({ product }) => product))].sort()
  let read = await lockAndRead(tx, pharmacy, request, products)
  if (!read.entitlement) {
    await addProvisional(tx, request.professional, actor)
    read = await lockAndRead(tx, pharmacy, request, products)
  }
  const { entitlement, heads, locked, holds, shelves, place, recent, inactiveProducts, overrides, wait } = read
  if (!entitlement) throw new StaleRead('the person was merged or erased meanwhile')
  if (shelves.filter((shelf) => shelf.pharmacy === pharmacy).length < products.length)
    throw new StaleRead('the pharmacy came in between')
  const { at } = entitlement
  const expired = holds.filter(({ expiresAt }) => expiresAt <= at)
  return {
    facts: {
      entitlement,
      reservations: named(pharmacy, request, locked),
      inactiveProducts,
      available: availableByProduct(pharmacy, products, { shelves, expired, entitlement }),
      pharmacy,
      overridesLeft: overridesPerWeek - overrides,
    },
    head: headOf(entitlement, heads),
    shelves,
    expired,
    yielding: holds.filter(({ expiresAt }) => expiresAt > at),
    pharmacyTerritory: place.territory,
    recent,
    codesAreLookedAt: !limitCodeTries || wait === null,
  }
}

// In the order in which everybody takes locks, and in one flush unless holds are to be released.
async function lockAndRead(tx: Transaction, pharmacy: string, request: DispensationRequest, products: string[]) {
  const { professional: identifier, dispensedAt, reservations, releaseHolds, override } = request
  const lines = request.lines.map(({ product }, index) => ({ path: `lines[${index}].product`, code: product }))
  const here = products.map((product) => ({ pharmacy, product }))
  const found = findProducts(tx, products)
  const heads = lockHeadsFor(tx, identifier)
  const place = readPharmacy(tx, pharmacy, { lock: override !== undefined })
  const locked = lockReservations(tx, pharmacy, products, { ...request, alsoLive: true })
  const facts = readCounterFacts(tx, { identifier, occurredAt: dispensedAt ?? null, pharmacy, orProvisional: true })
  const overrides = countOverrides(tx, pharmacy)
  const lockAll = (others: typeof here) =>
    Promise.all([
      ...products.map((product) => ensureShelf(tx, pharmacy, product, 'any')),
      lockShelves(tx, [...here, ...others]),
      lockHoldsOfLocked(tx, pharmacy, products),
      secondsUntilTry(
        tx,
        pharmacy,
        reservations.flatMap((by) => ('voucher' in by ? [] : by.id)), // A voucher cannot be guessed.
      ),
    ])
  const all = releaseHolds ? locked.then(lockAll) : lockAll([])
  const read = await Promise.all([found, heads, place, locked, facts, overrides, all])
  requireKnown('product', lines, read[0])
  const [shelves, { holds }, wait] = read[6].slice(products.length) as [
    Awaited<ReturnType<typeof lockShelves>>,
    Awaited<ReturnType<typeof lockHoldsOfLocked>>,
    number | null,
  ]
  const { entitlement, recent } = read[4]
  return {
    inactiveProducts: read[0].filter(({ active }) => !active).map(({ code }) => code),
    ...{
      heads: read[1],
      place: read[2],
      locked: read[3],
      entitlement,
      recent,
      overrides: read[5],
      shelves,
      holds,
      wait,
    },
  }
}
