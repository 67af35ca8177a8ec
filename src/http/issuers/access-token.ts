import type { IssuerSettings } from './configuration.ts'
import type { TokenHeader } from './issuer.ts'

type Payload = Record<string, unknown>

const RFC_9068 = /^(application\/)?at\+jwt$/i

/**
 * Whether a token of an issuer is meant to be shown here: an access token, given to a client that may bring it. The
 * issuer signs others with the same keys, for other eyes: ID tokens, logout tokens, security events.
 */
export function isForUs(
  { accessToken, clients }: Pick<IssuerSettings, 'accessToken' | 'clients'>,
  header: TokenHeader,
  payload: Payload,
): boolean {
  return isAccessToken(accessToken, header, payload) && (clients === undefined || isOneOf(clients, givenTo(payload)))
}

/** Whether a signed token says that it is an access token, as the issuer marks them. */
export function isAccessToken(
  accessToken: IssuerSettings['accessToken'],
  { typ = '' }: TokenHeader,
  payload: Payload,
): boolean {
  const isMarked = accessToken !== 'at+jwt' && payload[accessToken.claim] === accessToken.value
  return isMarked || RFC_9068.test(typ)
}

/** The clients of the issuer that a token says it was given to. */
export function givenTo({ azp, client_id: client }: Payload): unknown[] {
  return [azp, client].filter((each) => each !== undefined)
}

/** Whether there are names, and all of them are among these. */
export function isOneOf(clients: readonly string[], names: readonly unknown[]): boolean {
  return names.length > 0 && names.every((each) => clients.some((client) => client === each))
}
