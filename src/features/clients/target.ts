import type { Queryable } from '../../db/database.ts'
import { finessNumber } from '../../domain/identifiers.ts'
import { pharmacyOfResource } from '../../http/tokens.ts'
import { findGranted } from './grant-queries.ts'
import { OAuthError } from './oauth-errors.ts'

/** What a token is asked for: some pharmacies, each once, or all; or why it cannot be. */
export type Target = { pharmacies: string[] | undefined; fault?: never } | { pharmacies?: never; fault: OAuthError }

const MOST = 50

/** The pharmacies that a client names as resources (RFC 8707), if every one of them has granted it. */
export async function targetOf(db: Queryable, client: string, resource?: string | string[]): Promise<Target> {
  if (resource === undefined) return { pharmacies: undefined }
  const named = [...new Set([resource].flat())].map(pharmacyOfResource)
  const pharmacies = named.filter((each) => each !== undefined && finessNumber(each) === each) as string[]
  if (pharmacies.length < named.length) return fault('A resource is urn:gomask:pharmacy: and a FINESS number.')
  if (pharmacies.length > MOST) return fault(`A token is narrowed to at most ${MOST} pharmacies.`)
  const granted = await findGranted(db, client, pharmacies)
  if (granted.length === pharmacies.length) return { pharmacies }
  return fault('The client does not act for every pharmacy that is named as a resource.')
}

function fault(description: string): Target {
  return { fault: new OAuthError('invalid_target', description) }
}
