import { decodeJwt } from 'jose'
import { OAuthError } from './oauth-errors.ts'
import { ASSERTION_TYPE, type TokenBody } from './token-schema.ts'

/** How a client identifies itself; `client` is unchecked. */
export type Credentials =
  | { method: 'client_secret_basic'; client: string; secret: string }
  | { method: 'private_key_jwt'; client: string; assertion: string }

/**
 * The credentials of a token request: in the Authorization header (RFC 6749 §2.3.1), or an assertion in the body.
 * Throws invalid_client if there are none, invalid_request if there are both.
 */
export function credentialsOf(authorization: string | undefined, body: TokenBody): Credentials {
  if ('client_secret' in body) {
    throw new OAuthError('invalid_client', 'A secret is taken in the Authorization header (Basic) alone.')
  }
  const isAsserted = body.client_assertion !== undefined || body.client_assertion_type !== undefined
  if (authorization !== undefined && isAsserted) {
    throw new OAuthError('invalid_request', 'Authenticate in one way, not in two.')
  }
  const credentials = isAsserted ? asserted(body) : basic(authorization)
  if (body.client_id && body.client_id !== credentials.client) throw notAuthenticated()
  return credentials
}

/** The same answer for every failed authentication, whatever the reason. */
export function notAuthenticated(): OAuthError {
  return new OAuthError(
    'invalid_client',
    'Authenticate as a client: with its id and secret (Basic), or with an assertion.',
  )
}

function asserted({ client_assertion_type: type, client_assertion: assertion }: TokenBody): Credentials {
  if (type !== ASSERTION_TYPE || !assertion) {
    throw new OAuthError('invalid_request', `An assertion comes with client_assertion_type=${ASSERTION_TYPE}.`)
  }
  try {
    return { method: 'private_key_jwt', client: String(decodeJwt(assertion).sub), assertion }
  } catch {
    throw notAuthenticated()
  }
}

function basic(authorization = ''): Credentials {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? []
  const pair = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon < 0) throw notAuthenticated()
  const [client, secret] = [pair.slice(0, colon), pair.slice(colon + 1)].map(formDecoded)
  if (client === undefined || secret === undefined) throw notAuthenticated()
  return { method: 'client_secret_basic', client, secret }
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
