import formbody from '@fastify/formbody'
import type { FastifyRequest } from 'fastify'
import { problemOf } from '../../http/errors.ts'
import type { App, Deps } from '../../http/service.ts'
import { ISSUER, signClientToken } from '../../http/tokens.ts'
import { authenticateClient } from './authenticate-client.ts'
import { credentialsOf, notAuthenticated } from './credentials.ts'
import { exchange } from './exchange.ts'
import { answerAsOAuth, OAuthError, oauthErrors } from './oauth-errors.ts'
import { scopeOf } from './scope.ts'
import { targetOf } from './target.ts'
import type { KnownClient } from './token-queries.ts'
import { EXCHANGE, grantTypes, type Token, token, tokenBody } from './token-schema.ts'

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
        summary: 'Get a token for a machine, or for a professional in an app',
        description:
          'Client credentials (RFC 6749, section 4.4), by `client_secret_basic` or `private_key_jwt` (RFC 7523). Send the token as Authorization: Bearer; ask for another when `expires_in` is over or an answer is 401. Scopes that the client does not have are left out. `resource` (RFC 8707) narrows a token to pharmacies. An app, a client of role `professional`, exchanges the access token that a professional’s issuer gave it (RFC 8693) for one of role `professional`, which names the app as `act` and ends no later; a token that cannot be exchanged is `invalid_request`.',
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
      if (!grantTypes.includes(body.grant_type)) {
        throw new OAuthError('unsupported_grant_type', `The grant types are ${grantTypes.join(' and ')}.`)
      }
      const askedAt = performance.now()
      const client = await authenticated(request, deps, credentials)
      if (body.grant_type === EXCHANGE) {
        // The issuer may take seconds to answer.
        const now = () => client.at + (performance.now() - askedAt) / 1000
        return exchange(app, deps, { client, now }, request, reply)
      }
      const { pharmacies, fault } = await targetOf(deps.db, client.id, body.resource)
      const [only, ...others] = pharmacies ?? []
      await app.limitTokensOf({ client: client.id, part: others.length === 0 ? only : undefined }, request, reply)
      if (client.role === 'professional') {
        throw new OAuthError('unauthorized_client', 'The client of an app gets tokens by exchange alone.')
      }
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

async function issue(
  { keys, config }: Deps,
  client: KnownClient,
  scope: string,
  pharmacies: string[] | undefined,
): Promise<Token> {
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
