import type { Text } from '../../domain/language.ts'
import { invalid } from '../../domain/refusals.ts'
import type { Client } from './schema.ts'

const appsAlone: Text = {
  en: 'is for the client of an app (role professional) alone',
  fr: 'n’a de sens que pour le client d’une application (rôle professional)',
}
const requiredOfApp: Text = {
  en: 'required of the client of an app (role professional)',
  fr: 'obligatoire pour le client d’une application (rôle professional)',
}

/** Makes sure that an app's client says whose tokens it exchanges, and that other clients do not. */
export function requireExchange(
  role: Client['role'],
  { exchange }: { exchange?: Client['exchange'] | undefined },
): void {
  if (role === 'professional' && !exchange) throw invalid('exchange', requiredOfApp)
  if (role !== 'professional' && exchange) throw invalid('exchange', appsAlone)
}
