import type { Text } from './language.ts'
import { allInvalid, invalid, type Rejection } from './refusals.ts'

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
