import type { Transaction } from '../../db/database.ts'
import { Rejection } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { requireAuthority } from './authority.ts'
import { findPublisher, setWithdrawn } from './queries.ts'
import type { Rule } from './schema.ts'

/**
 * Withdraws a rule: it judges no further hand-over, and stays for the entries that cite it. Doing so again changes
 * nothing. Throws `not_found` if there is none, `forbidden` if another authority published it.
 */
export async function withdrawRule(tx: Transaction, caller: Caller, id: string): Promise<Rule> {
  const publisher = await findPublisher(tx, id)
  if (!publisher) throw new Rejection('not_found', { en: 'There is no such rule.', fr: 'Cette dotation n’existe pas.' })
  requireAuthority(caller, publisher.authority)
  return setWithdrawn(tx, id)
}
