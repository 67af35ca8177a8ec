import type { IssuerSettings } from './configuration.ts'
import type { TokenHeader } from './issuer.ts'

const RFC_9068 = /^(application\/)?at\+jwt$/i

/**
 * Whether a token of an issuer is meant to be shown here: an access token, given to a client that may bring it. The
 * issuer signs others with the same keys, for other eyes: ID tokens, logout tokens, security events.
 */
export function isForUs(
  { accessToken, clients }: Pick<IssuerSettings, 'accessToken' | 'clients'>,
  { typ = '' }: TokenHeader,
  payload: Record<string, unknown>,
): boolean {
  const isMarked = accessToken !== 'at+jwt' && payload[accessToken.claim] === accessToken.value
  if (!(isMarked || RFC_9068.test(typ))) return false
  if (clients === undefined) return true
  const bringing = [payload.azp, payload.client_id].filter((each) => each !== undefined)
  return bringing.length > 0 && bringing.every((each) => clients.some((client) => client === each))
}
