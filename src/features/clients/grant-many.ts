import type { Transaction } from '../../db/database.ts'
import { finessNumber } from '../../domain/identifiers.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import { findGranted, insertGrants } from './grant-queries.ts'
import { lockGrantable } from './grants.ts'
import type { GrantResult } from './schema.ts'

/**
 * Lets a client act for many pharmacies at once and says of each what became of it; those that cannot be granted hold
 * up nobody. Throws `not_found` if there is no such client, `invalid_request` if clients of this role act for none.
 */
export async function grantMany(
  tx: Transaction,
  client: string,
  pharmacies: readonly string[],
  by: string,
): Promise<{ items: GrantResult[] } | Refusal> {
  const found = await lockGrantable(tx, client)
  if (isRefusal(found)) return found
  const right = [...new Set(pharmacies)].filter((each) => finessNumber(each) === each)
  const made = new Map((await insertGrants(tx, client, right, by)).map(({ finess, id }) => [finess, id]))
  const live = new Map((await findGranted(tx, client, right)).map(({ finess, id }) => [finess, id]))
  const items = pharmacies.map((pharmacy, index): GrantResult => {
    const grant = live.get(pharmacy)
    if (grant === undefined) {
      const code = finessNumber(pharmacy) === pharmacy ? 'not_found' : 'invalid_request'
      return { index, pharmacy, outcome: 'refused', code }
    }
    const outcome = made.delete(pharmacy) ? 'granted' : 'granted_already'
    return { index, pharmacy, outcome, grant }
  })
  return { items }
}
