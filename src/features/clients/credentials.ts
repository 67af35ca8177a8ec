import { decodeJwt } from 'jose'
import { z } from 'zod'
import { OAuthError } from './oauth-errors.ts'

/** How a client identifies itself; `client` is unchecked. */
export type Credentials =
  | { method: 'client_secret_basic'; client: string; secret: string }
  | { method: 'private_key_jwt'; client: string; assertion: string }

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The body of a token request; other parameters are ignored, as RFC 6749 requires. */
export const tokenBody = z.looseObject({
  grant_type: z.string().meta({ shownAs: { type: 'string', enum: ['client_credentials'] } }),
  scope: z
    .string()
    .optional()
    .describe('The token’s scopes, separated by spaces; if left out, all that the client has.'),
  resource: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      'RFC 8707: `urn:gomask:pharmacy:` and a FINESS number narrows the token to that pharmacy; given several times, to at most 50. One that does not grant the client is `invalid_target`.',
    ),
  client_id: z.string().optional(),
  client_assertion_type: z.string().optional().describe(ASSERTION_TYPE),
  client_assertion: z
    .string()
    .optional()
    .describe(
      'RFC 7523: a JWT signed with one of the client’s keys, iss = sub = the client’s id, aud = the issuer or the token endpoint, exp at most 5 minutes ahead, jti used once.',
    ),
})

/**
 * The credentials of a token request: in the Authorization header (RFC 6749 §2.3.1), or an assertion in the body.
 * Throws invalid_client if there are none, invalid_request if there are both.
 */
export function credentialsOf(authorization: string | undefined, body: z.output<typeof tokenBody>): Credentials {
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

function asserted({
  client_assertion_type: type,
  client_assertion: assertion,
}: z.output<typeof tokenBody>): Credentials {
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
