import formbody from '@fastify/formbody'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { problemOf } from '../../http/errors.ts'
import { oneOf } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { ISSUER, signClientToken } from '../../http/tokens.ts'
import { authenticateClient } from './authenticate-client.ts'
import { credentialsOf, notAuthenticated, tokenBody } from './credentials.ts'
import { answerAsOAuth, OAuthError, oauthErrors } from './oauth-errors.ts'
import { targetOf } from './target.ts'
import type { KnownClient } from './token-queries.ts'

const token = z
  .object({
    access_token: z.string(),
    token_type: oneOf(['Bearer']),
    expires_in: z.int().describe('Seconds.'),
    scope: z.string().describe('The scopes asked for that the client has.'),
  })
  .meta({ id: 'Token', description: 'RFC 6749, section 5.1.' })

/** The token endpoint (RFC 6749). A plugin of its own, since only it reads forms and answers errors as OAuth does. */
export async function tokenRoute(app: App, deps: Deps): Promise<void> {
  await app.register(
    async (oauth) => {
      oauth.removeAllContentTypeParsers()
      await oauth.register(formbody)
      answerAsOAuth(oauth, problemOf)
      route(oauth as unknown as App, deps)
    },
    { prefix: '/oauth' },
  )
}

function route(app: App, deps: Deps): void {
  app.post(
    '/token',
    {
      config: { policy: 'public', limits: 'token' },
      schema: {
        operationId: 'issueToken',
        tags: ['access'],
        summary: 'Get a token for a machine',
        description:
          'Client credentials (RFC 6749, section 4.4), by `client_secret_basic` or `private_key_jwt` (RFC 7523). Send the token as Authorization: Bearer; ask for another when `expires_in` is over or an answer is 401. Scopes that the client does not have are left out. `resource` (RFC 8707) narrows a token to pharmacies.',
        consumes: ['application/x-www-form-urlencoded'],
        body: tokenBody,
        response: { 200: token, ...oauthErrors(400, 401, 413, 414, 415, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      if (Object.keys(request.query as object).length > 0) {
        throw new OAuthError('invalid_request', 'Parameters stand in the body, never in the URL.')
      }
      const { body } = request
      const credentials = credentialsOf(request.headers.authorization, body)
      if (body.grant_type !== 'client_credentials') {
        throw new OAuthError('unsupported_grant_type', 'The grant type is client_credentials.')
      }
      const client = await authenticated(request, deps, credentials)
      const { pharmacies, fault } = await targetOf(deps.db, client.id, body.resource)
      const [only, ...others] = pharmacies ?? []
      await app.limitTokensOf({ client: client.id, pharmacy: others.length === 0 ? only : undefined }, request, reply)
      if (fault) throw fault
      return issue(deps, client, scopeOf(client, body.scope), pharmacies)
    },
  )
}

async function authenticated(
  request: FastifyRequest,
  { db, config }: Deps,
  credentials: Parameters<typeof authenticateClient>[1],
): Promise<KnownClient> {
  const issuer = config.PUBLIC_URL
  const audiences = issuer === undefined ? [ISSUER] : [issuer, `${issuer}/oauth/token`]
  const { client, ...refused } = await authenticateClient(db, credentials, audiences)
  if (client) {
    request.log.info({ client: client.id, method: credentials.method }, 'client authenticated')
    return client
  }
  request.log.warn({ ...refused, method: credentials.method }, 'client not authenticated')
  throw notAuthenticated()
}

function scopeOf({ scopes }: KnownClient, asked: string | undefined): string {
  if (!asked) return scopes.join(' ')
  const wanted = asked.split(' ')
  const granted = scopes.filter((scope) => wanted.includes(scope))
  if (granted.length === 0) throw new OAuthError('invalid_scope', 'The client has none of these scopes.')
  return granted.join(' ')
}

async function issue(
  { keys, config }: Deps,
  client: KnownClient,
  scope: string,
  pharmacies: string[] | undefined,
): Promise<z.output<typeof token>> {
  const accessToken = await signClientToken(keys[0], {
    issuer: config.PUBLIC_URL ?? ISSUER,
    client: client.id,
    scope,
    pharmacies,
    issuedAt: client.at,
    ttlSeconds: client.tokenSeconds,
  })
  return { access_token: accessToken, token_type: 'Bearer', expires_in: client.tokenSeconds, scope }
}
