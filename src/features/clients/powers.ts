import { isDeepStrictEqual } from 'node:util'
import type { Client } from './schema.ts'

/** What can be changed of a client, and what it is afterwards. */
export type ClientState = Pick<
  Client,
  | 'name'
  | 'status'
  | 'scopes'
  | 'territories'
  | 'professions'
  | 'tokenSeconds'
  | 'requestsPerMinute'
  | 'jwks'
  | 'exchange'
>

/**
 * Whether one admin is not enough for such a client: it reads who received what, changes who people are, or could give
 * the second word itself.
 */
export function isPowerful(role: Client['role'], scopes: readonly string[]): boolean {
  return (
    role === 'regulator' || scopes.includes('directory:write') || (role === 'admin' && scopes.includes('clients:write'))
  )
}

/**
 * Whether a client could do more after a change, or others could act as it. Also while it is suspended: otherwise what
 * was slipped in meanwhile would come to life when it is resumed.
 */
export function widens(before: ClientState, after: ClientState): boolean {
  const keys = before.jwks?.keys ?? []
  return (
    (after.status === 'active' && before.status !== 'active') ||
    !isWithin(after.scopes, before.scopes) ||
    !isWithin(after.territories, before.territories) ||
    !isWithinProfessions(after.professions, before.professions) ||
    (after.jwks?.keys ?? []).some((key) => !keys.some((known) => isDeepStrictEqual(known, key)))
  )
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((each) => all.includes(each))
}

// None named means all.
function isWithinProfessions(some: readonly string[], all: readonly string[]): boolean {
  return all.length === 0 || (some.length > 0 && isWithin(some, all))
}

/** What can be changed of a client, and nothing else that was given with it. */
export function stateOf(given: Given): ClientState {
  const { name, status, scopes, territories, professions, tokenSeconds } = given
  const { requestsPerMinute = null, jwks = null, exchange = null } = given
  return { name, status, scopes, territories, professions, tokenSeconds, requestsPerMinute, jwks, exchange }
}

type Unsaid = 'requestsPerMinute' | 'jwks' | 'exchange'
type Given = Omit<ClientState, Unsaid> & { [K in Unsaid]?: ClientState[K] | undefined }
