import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../../db/database.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid, isRefusal, type Refusal, Rejection } from '../../domain/refusals.ts'
import { type Caller, numberOf } from '../../http/caller.ts'
import { lockLiveClient } from './change-client.ts'
import { endGrant, findGrant, findPerson, insertGrant, isPharmacy } from './grant-queries.ts'
import type { Grant } from './schema.ts'

/**
 * Lets a client act for a pharmacy; a grant that exists stays as it is. Throws `not_found` if there is no such client
 * or pharmacy, `invalid_request` if clients of this role act for no pharmacy.
 */
export async function grantClient(
  tx: Transaction,
  finess: string,
  client: string,
  by: string,
): Promise<{ grant: Grant; created: boolean } | Refusal> {
  const found = await lockGrantable(tx, client)
  if (isRefusal(found)) return found
  await requirePharmacy(tx, finess)
  const created = await insertGrant(tx, uuidv7(), client, finess, by)
  return { grant: await theGrant(tx, finess, client), created }
}

/** Locks a client that is about to act for pharmacies. Throws as `grantClient` does. */
export async function lockGrantable(tx: Transaction, client: string): ReturnType<typeof lockLiveClient> {
  const found = await lockLiveClient(tx, client)
  if (!isRefusal(found) && found.role !== 'pharmacy') {
    throw invalid('client', {
      en: 'is not a client that acts for pharmacies',
      fr: 'n’est pas un client qui agit pour des officines',
    })
  }
  return found
}

/** Ends a grant, within a second everywhere; doing so again changes nothing. Throws `not_found` if there was none. */
export async function withdrawGrant(tx: Transaction, finess: string, client: string, by: string): Promise<Grant> {
  await endGrant(tx, client, finess, by)
  return theGrant(tx, finess, client)
}

/** Makes sure that a pharmacy exists. Throws `not_found`. */
export async function requirePharmacy(db: Queryable, finess: string): Promise<void> {
  if (!(await isPharmacy(db, finess))) throw noSuch('pharmacy')
}

/** Who grants, as recorded: the role, and a name that is not a national number. */
export async function actorOf(db: Queryable, caller: Caller): Promise<string> {
  const { role, subject } = caller
  const number = numberOf(caller)
  if (number === undefined) return `${role} ${subject}`
  return `${role} ${(await findPerson(db, number)) ?? 'not in the directory'}`
}

async function theGrant(tx: Transaction, finess: string, client: string): Promise<Grant> {
  const grant = await findGrant(tx, client, finess)
  if (!grant)
    throw new Rejection('not_found', { en: 'There is no such grant.', fr: 'Cette habilitation n’existe pas.' })
  return grant
}
