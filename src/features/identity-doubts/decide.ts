import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { lockHeads } from '../../store/ledger.ts'
import { type DoubtedPair, findDoubt, partPersons } from './queries.ts'
import type { Decision, Doubt } from './schema.ts'

/**
 * Says that the two people of a doubt are distinct: each has a share of their own from then on, unless another doubt
 * still leads from one to the other. Said before, it is answered again. Throws `not_found` if there is no such doubt.
 */
export async function decide(tx: Transaction, id: string, { reason }: Decision): Promise<Doubt | Refusal> {
  const before = await known(tx, id)
  const locked = await lockHeads(tx, before.together)
  const doubt = await known(tx, id)
  if (doubt.together.some((each) => !locked.some(({ personId }) => personId === each)))
    throw new StaleRead('persons were merged, or came to be counted together, before the lock')
  if (doubt.decision === 'distinct') return shown(doubt)
  if (doubt.decision === 'same')
    return refused('identity_decided', {
      en: 'The two records have been merged, and a history never splits again.',
      fr: 'Les deux dossiers ont été réunis, et un historique ne se sépare plus jamais.',
    })
  await partPersons(tx, doubt, reason)
  return shown(await known(tx, id))
}

async function known(tx: Transaction, id: string): Promise<DoubtedPair> {
  const found = await findDoubt(tx, id)
  if (!found) throw new Rejection('not_found', { en: 'There is no such doubt.', fr: 'Ce doute n’existe pas.' })
  return found
}

function shown({ one: _, other: _other, together: _together, ...doubt }: DoubtedPair): Doubt {
  return doubt
}
