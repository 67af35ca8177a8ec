import { z } from 'zod'
import { oneOf } from '../../http/schemas.ts'

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What the token endpoint answers a token for. */
export const grantTypes = ['client_credentials', EXCHANGE]

const oneOrMore = z.union([z.string(), z.array(z.string())]).optional()

/** The body of a token request; other parameters are ignored, as RFC 6749 requires. */
export const tokenBody = z.looseObject({
  grant_type: z.string().meta({ shownAs: { type: 'string', enum: grantTypes } }),
  scope: z
    .string()
    .optional()
    .describe('The token’s scopes, separated by spaces; if left out, all that the client has.'),
  resource: oneOrMore.describe(
    'RFC 8707: `urn:gomask:pharmacy:` and a FINESS number narrows the token to that pharmacy; given several times, to at most 50. One that does not grant the client is `invalid_target`. Of an exchanged token as `audience`.',
  ),
  client_id: z.string().optional(),
  client_assertion_type: z.string().optional().describe(ASSERTION_TYPE),
  client_assertion: z
    .string()
    .optional()
    .describe(
      'RFC 7523: a JWT signed with one of the client’s keys, iss = sub = the client’s id, aud = the issuer or the token endpoint, exp at most 5 minutes ahead, jti used once.',
    ),
  subject_token: z
    .string()
    .optional()
    .describe('RFC 8693, required for an exchange: the access token that the professional’s issuer gave to the app.'),
  subject_token_type: z.string().optional().describe(`Required for an exchange: \`${ACCESS_TOKEN}\`.`),
  requested_token_type: z.string().optional().describe(`Of an exchange: \`${ACCESS_TOKEN}\`, or left out.`),
  audience: oneOrMore.describe(
    'Of an exchange: `gomask` or this service’s public origin, or left out; anything else is `invalid_target`.',
  ),
})

/** The answer to a token request. */
export const token = z
  .object({
    access_token: z.string(),
    issued_token_type: oneOf([ACCESS_TOKEN]).optional().describe('Of an exchanged token.'),
    token_type: oneOf(['Bearer']),
    expires_in: z.int().describe('Seconds.'),
    scope: z.string().describe('The scopes asked for that the client has.'),
  })
  .meta({ id: 'Token', description: 'RFC 6749, section 5.1, and RFC 8693, section 2.2.1.' })

export type TokenBody = z.output<typeof tokenBody>
export type Token = z.output<typeof token>
