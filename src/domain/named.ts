import { invalid, Rejection } from './refusals.ts'

/** A field of a request that names something by its code. */
export interface Named {
  path: string
  code: string
}

const messages = {
  product: 'is not a product of the catalogue',
  territory: 'is not a territory that this service knows',
}

/** The rejection of a field that names something unknown. */
export function unknown(what: keyof typeof messages, path: string): Rejection {
  return invalid(path, messages[what])
}

/** Makes sure that a body which repeats what its path names, as GET shows it, means the same. */
export function requireSame(path: string, given: string | undefined, own: string): void {
  if (given !== undefined && given !== own) throw invalid(path, 'must be as GET shows it, or left out')
}

/** Makes sure that everything a request names was found. Throws a Rejection that lists each field that was not. */
export function requireKnown(
  what: keyof typeof messages,
  named: readonly Named[],
  found: readonly { code: string }[],
): void {
  const known = new Set(found.map(({ code }) => code))
  const errors = named.filter(({ code }) => !known.has(code)).map(({ path }) => ({ path, message: messages[what] }))
  const [first] = errors
  if (first) throw new Rejection('invalid_request', `${first.path}: ${first.message}`, { errors })
}
