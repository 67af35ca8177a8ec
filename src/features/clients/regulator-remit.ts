import type { Transaction } from '../../db/database.ts'
import type { Text } from '../../domain/language.ts'
import { requireKnown } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { findTerritories } from '../../store/territories.ts'
import type { Client } from './schema.ts'

const regulatorsAlone: Text = {
  en: 'are for a regulator’s client alone',
  fr: 'n’ont de sens que pour le client d’une autorité',
}
const requiredOfRegulator: Text = {
  en: 'required of a regulator’s client',
  fr: 'obligatoire pour le client d’une autorité',
}

/** Makes sure that a regulator's client has existing territories, and that other clients have none. */
export async function requireRegulatorRemit(
  tx: Transaction,
  role: Client['role'],
  { territories, professions }: Pick<Client, 'territories' | 'professions'>,
): Promise<void> {
  if (role !== 'regulator') {
    if (territories.length > 0) throw invalid('territories', regulatorsAlone)
    if (professions.length > 0) throw invalid('professions', regulatorsAlone)
    return
  }
  if (territories.length === 0) throw invalid('territories', requiredOfRegulator)
  const named = territories.map((code, index) => ({ path: `territories[${index}]`, code }))
  requireKnown('territory', named, await findTerritories(tx, territories))
}
