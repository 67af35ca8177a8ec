import type { Transaction } from '../../db/database.ts'
import { invalid } from '../../domain/refusals.ts'
import { requireKnownTerritory } from '../../store/territories.ts'
import type { Client } from './schema.ts'

/** Makes sure that a regulator's client has territories that there are, and that no other has any. Throws 400. */
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
  for (const [index, code] of territories.entries()) await requireKnownTerritory(tx, `territories[${index}]`, code)
}
