import type { Text } from '../domain/language.ts'
import { invalid } from '../domain/refusals.ts'

const notHours: Text = {
  en: 'must be opening hours in OSM syntax, such as Mo-Fr 09:00-12:30,14:00-19:00; Sa 09:00-12:00',
  fr: 'doit être des horaires en syntaxe OSM, tels que Mo-Fr 09:00-12:30,14:00-19:00; Sa 09:00-12:00',
}

// Public holidays are a country's.
const FRANCE = { lat: 46.6, lon: 2.4, address: { country_code: 'fr', country: 'France', state: '' } }

/**
 * Makes sure that a text is opening hours as OpenStreetMap writes them, which can be read in one way only. The library
 * is loaded with the first of them: it takes as long as a good part of a start.
 */
export async function requireOpeningHours(path: string, given: string | undefined): Promise<void> {
  if (given === undefined) return
  const { default: OpeningHours } = await import('opening_hours')
  let warnings: string[]
  try {
    warnings = new OpeningHours(given, FRANCE).getWarnings()
  } catch {
    throw invalid(path, notHours)
  }
  if (warnings.length > 0) throw invalid(path, notHours)
}
