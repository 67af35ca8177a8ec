import type { Transaction } from '../../db/database.ts'
import { Rejection } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { requireOwnTerritory } from './own-territory.ts'
import { findRuleTerritory, setWithdrawn } from './queries.ts'
import type { Rule } from './schema.ts'

/**
 * Withdraws a rule: it judges no further hand-over, and stays for the entries that cite it. Doing so again changes
 * nothing. Throws `not_found` if there is none, `forbidden` for a territory that is not the regulator's.
 */
export async function withdrawRule(tx: Transaction, caller: Caller, id: string): Promise<Rule> {
  const territory = await findRuleTerritory(tx, id)
  if (territory === undefined) throw new Rejection('not_found', 'There is no such rule.')
  await requireOwnTerritory(tx, caller, territory)
  return setWithdrawn(tx, id)
}
