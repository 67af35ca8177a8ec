import type { Transaction } from '../../db/database.ts'
import { requireKnown } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { findTerritories } from '../../store/territories.ts'
import type { Client } from './schema.ts'

/** Makes sure that a regulator's client has existing territories, and that other clients have none. */
export async function requireRegulatorRemit(
  tx: Transaction,
  role: Client['role'],
  { territories, professions }: Pick<Client, 'territories' | 'professions'>,
): Promise<void> {
  if (role !== 'regulator') {
    if (territories.length > 0) throw invalid('territories', 'are a regulator’s')
    if (professions.length > 0) throw invalid('professions', 'are a regulator’s')
    return
  }
  if (territories.length === 0) throw invalid('territories', 'required of a regulator’s client')
  const named = territories.map((code, index) => ({ path: `territories[${index}]`, code }))
  requireKnown('territory', named, await findTerritories(tx, territories))
}
