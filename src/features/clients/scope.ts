import { OAuthError } from './oauth-errors.ts'
import type { KnownClient } from './token-queries.ts'

/** The scopes asked for that a client has, all if none was named. Throws invalid_scope if it has none of them. */
export function scopeOf({ scopes }: Pick<KnownClient, 'scopes'>, asked: string | undefined): string {
  if (!asked) return scopes.join(' ')
  const wanted = asked.split(' ')
  const granted = scopes.filter((scope) => wanted.includes(scope))
  if (granted.length === 0) throw new OAuthError('invalid_scope', 'The client has none of these scopes.')
  return granted.join(' ')
}
