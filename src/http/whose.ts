import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Role } from './caller.ts'

/** Whose objects each role may reach: a closed list of words, each with one meaning. */
export const wordsOf = {
  pharmacy: ['any', 'acting', 'itself', 'own', 'listed', 'asking', 'asked', 'party', 'client'],
  professional: ['any', 'self', 'own', 'listed'],
  regulator: ['any', 'remit', 'listed', 'territory', 'client'],
  admin: ['any'],
} as const satisfies Record<Role, readonly string[]>

export type Whose = (typeof wordsOf)[Role][number]

/** What a word means to readers of the documentation, and what a route needs for it. */
interface Word {
  meaning: string
  needs?: string
  fits?(route: RouteOptions): boolean
}

export const words: Record<Whose, Word> = {
  any: { meaning: 'without limits.' },
  self: {
    meaning: 'only about themselves; nobody else can be named.',
    needs: 'a path without parameters',
    fits: (route) => !hasParameter(route),
  },
  own: {
    meaning: 'their own; others’ are 404, as if they did not exist.',
    needs: 'an object named in its path, or required in its query',
    fits: (route) => namesObject(route),
  },
  listed: {
    meaning: 'a list of only their own or, for a regulator, of what is in its remit.',
    needs: 'GET and a path without parameters',
    fits: (route) => isReading(route) && !hasParameter(route),
  },
  acting: {
    meaning: 'for a pharmacy that the token acts for; another is 403.',
    needs: 'a pharmacy: :finess in its path, or «pharmacy» in its query or body',
    fits: (route) => placeOfPharmacy(route) !== undefined,
  },
  itself: {
    meaning: 'for a pharmacy that the token acts for in its own right; another, and any client by its grant, is 403.',
    needs: 'a pharmacy: :finess in its path',
    fits: ({ url }) => url.includes('/:finess'),
  },
  asking: {
    meaning: 'a client, for itself, with a token that is not narrowed; anybody else is 403.',
    needs: 'to be a write',
    fits: (route) => !isReading(route),
  },
  asked: {
    meaning:
      'what was asked of a pharmacy that the token acts for in its own right; others’ are 404, and any client is 403.',
    needs: 'an object named in its path',
    fits: hasParameter,
  },
  party: {
    meaning: 'what the client asked for, or what was asked of the pharmacy in its own right; others’ are 404.',
    needs: 'an object named in its path',
    fits: hasParameter,
  },
  client: {
    meaning: 'a client, what is its own, with a token that is not narrowed; others’ are 404, and anybody else is 403.',
  },
  remit: {
    meaning: 'what is in its territories and professions; anything else is 404, as if it did not exist.',
    needs: 'an object named in its path, or required in its query',
    fits: (route) => namesObject(route),
  },
  territory: {
    meaning: 'for its own territories and those below them, and its professions; anything beyond is 403.',
    needs: 'to be a write',
    fits: (route) => !isReading(route),
  },
}

/** Where requests of this route name their pharmacy; undefined if they name none. */
export function placeOfPharmacy({ url, schema }: RouteOptions): 'params' | 'query' | 'body' | undefined {
  if (url.includes('/:finess')) return 'params'
  if ('pharmacy' in shapeOf(schema?.querystring)) return 'query'
  if ('pharmacy' in shapeOf(schema?.body)) return 'body'
  return undefined
}

/** The pharmacy that a request names in that place, if any. Before validation it may be anything that is a string. */
export function namedPharmacy(
  { params, query, body }: Pick<FastifyRequest, 'params' | 'query' | 'body'>,
  place: ReturnType<typeof placeOfPharmacy>,
): string | undefined {
  if (place === undefined) return undefined
  const part = { params, query, body }[place] as Record<string, unknown> | null | undefined
  const named = part?.[place === 'params' ? 'finess' : 'pharmacy']
  return typeof named === 'string' ? named : undefined
}

function namesObject({ url, schema }: RouteOptions): boolean {
  const required = Object.values(shapeOf(schema?.querystring)).some((field) => !field.safeParse(undefined).success)
  return url.includes('/:') || required
}

function hasParameter({ url }: RouteOptions): boolean {
  return url.includes('/:')
}

function isReading({ method }: RouteOptions): boolean {
  return [method].flat().every((each) => each === 'GET' || each === 'HEAD')
}

type Shape = Record<string, { safeParse(value: unknown): { success: boolean } }>

/** The members of an object's schema; empty for any other schema. */
function shapeOf(schema: unknown): Shape {
  return (schema as { shape?: Shape } | undefined)?.shape ?? {}
}
