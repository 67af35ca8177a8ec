import type { Queryable } from '../../db/database.ts'
import { Rejection } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { isWithin } from '../../store/territories.ts'

/** Makes sure that a regulator writes only for its own territories and those below them. Throws `forbidden`. */
export async function requireOwnTerritory(db: Queryable, caller: Caller, territory: string): Promise<void> {
  if (caller.role === 'regulator' && !(await isWithin(db, territory, caller.territories))) {
    throw new Rejection('forbidden', `The token’s territories do not reach ${territory}.`)
  }
}
