import type { Text } from './language.ts'
import { allInvalid, invalid, Rejection } from './refusals.ts'

/** A field of a request that names something by its code. */
export interface Named {
  path: string
  code: string
}

const messages = {
  product: { en: 'is not a product of the catalogue', fr: 'n’est pas un masque du catalogue' },
  territory: { en: 'is not a territory that this service knows', fr: 'n’est pas un territoire connu de ce service' },
} satisfies Record<string, Text>

/** The rejection of a field that names something unknown. */
export function unknown(what: keyof typeof messages, path: string): Rejection {
  return invalid(path, messages[what])
}

const absences = {
  client: { en: 'There is no such client.', fr: 'Ce client n’existe pas.' },
  dispensation: {
    en: 'There is no such dispensation of yours.',
    fr: 'Vous n’avez pas de remise portant cet identifiant.',
  },
  pharmacy: { en: 'There is no such pharmacy.', fr: 'Cette officine n’existe pas.' },
  product: { en: 'There is no such product in the catalogue.', fr: 'Ce masque n’est pas au catalogue.' },
  professional: {
    en: 'The directory does not know this professional.',
    fr: 'L’annuaire ne connaît pas ce professionnel.',
  },
  'professional in remit': {
    en: 'There is no such professional in your remit.',
    fr: 'Aucun professionnel de ce numéro ne relève de votre périmètre.',
  },
  reservation: {
    en: 'There is no such reservation of yours.',
    fr: 'Vous n’avez pas d’option portant cet identifiant.',
  },
  webhook: {
    en: 'There is no such webhook endpoint of yours.',
    fr: 'Vous n’avez pas de point de réception portant cet identifiant.',
  },
  event: {
    en: 'There is no such event among those that this endpoint is told of, or it is forgotten.',
    fr: 'Il n’y a pas de tel événement parmi ceux destinés à ce point de réception, ou il est oublié.',
  },
} satisfies Record<string, Text>

/** The rejection of a request about something that is not there, or not the caller's. */
export function noSuch(what: keyof typeof absences): Rejection {
  return new Rejection('not_found', absences[what])
}

const sameOrLeftOut: Text = {
  en: 'must be as GET shows it, or left out',
  fr: 'doit être tel que GET le montre, ou absent',
}

/** Makes sure that a body which repeats what its path names, as GET shows it, means the same. */
export function requireSame(path: string, given: string | undefined, own: string): void {
  if (given !== undefined && given !== own) throw invalid(path, sameOrLeftOut)
}

/** Makes sure that everything a request names was found. Throws a Rejection that lists each field that was not. */
export function requireKnown(
  what: keyof typeof messages,
  named: readonly Named[],
  found: readonly { code: string }[],
): void {
  const known = new Set(found.map(({ code }) => code))
  const errors = named.filter(({ code }) => !known.has(code)).map(({ path }) => ({ path, message: messages[what] }))
  const [first, ...others] = errors
  if (first) throw allInvalid(first, ...others)
}
