import type { Queryable } from '../../db/database.ts'
import { noSuch } from '../../domain/named.ts'
import type { Rejection } from '../../domain/refusals.ts'
import { actingFor, type Caller, pharmacyOfThing, professionalOf } from '../../http/caller.ts'
import type { Reading } from '../../store/accesses.ts'
import { pharmacyOfReservation } from './cancel-queries.ts'
import type { Owner } from './queries.ts'

/** A pharmacy as the owner of a list, with who reads it there. */
export function at(pharmacy: string, reading: Reading) {
  return { pharmacy, reading: { ...reading, pharmacy } }
}

/** Whose reservations a caller can reach. */
export function ownerOf(caller: Caller): Owner {
  return caller.role === 'professional' ? { professional: professionalOf(caller) } : { pharmacies: actingFor(caller) }
}

/**
 * Whose the reservation must be. For a pharmacy caller it is exactly one pharmacy, since idempotency keys belong to
 * one. Undefined if none of the caller's can have it.
 */
export async function ownerOfOne(
  db: Queryable,
  caller: Caller,
  id: string,
  named: string | undefined,
): Promise<Owner | undefined> {
  if (caller.role === 'professional') return { professional: professionalOf(caller) }
  const pharmacy = await pharmacyOfThing(caller, named, (own) => pharmacyOfReservation(db, own, id))
  return pharmacy === undefined ? undefined : { pharmacies: [pharmacy] }
}

/** What is said of routes at which pharmacies read. */
export const recorded =
  'What a pharmacy reads here is recorded as an access to the professional’s data, before it is answered.'

/** Somebody else's is not there either. */
export function notFound(): Rejection {
  return noSuch('reservation')
}
