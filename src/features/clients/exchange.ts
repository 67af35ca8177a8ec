import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Issuer, NotTaken } from '../../http/issuers/issuer.ts'
import type { App, Deps } from '../../http/service.ts'
import { AUDIENCE, ISSUER, signActingToken } from '../../http/tokens.ts'
import { OAuthError } from './oauth-errors.ts'
import { scopeOf } from './scope.ts'
import type { KnownClient } from './token-queries.ts'
import { ACCESS_TOKEN, type Token, type TokenBody } from './token-schema.ts'

// What a header can carry (RFC 6750 §2.1), as that is how userinfo is shown it.
const BEARER = /^[A-Za-z0-9._~+/-]+=*$/

/** A client that has proved who it is, and the database's time from then on, in seconds since 1970. */
interface Asking {
  client: KnownClient
  now(): number
}

/**
 * Exchanges the access token that an app holds of a professional for one of ours in that person's name (RFC 8693).
 * Ours ends no later. Throws an OAuthError, or a Problem where there were too many or the issuer does not answer.
 */
export async function exchange(
  { limitTokensOf }: Pick<App, 'limitTokensOf'>,
  { config, issuers, keys }: Deps,
  { client, now }: Asking,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Token> {
  const body = request.body as TokenBody
  const { subject_token: subjectToken = '' } = body
  // A loop with one person's token holds back that person alone.
  const part = client.role === 'professional' ? hash('sha256', subjectToken, 'base64') : undefined
  await limitTokensOf({ client: client.id, part }, request, reply)
  const { issuer, subjectOf, clients } = issuerFor(client, issuers)
  requireExchangeable(body, [AUDIENCE, config.PUBLIC_URL])
  const scope = scopeOf(client, body.scope)
  const found = await subjectOf(subjectToken, clients, now())
  if ('why' in found) throw notTaken(request, found)
  const { identifier, expiresAt } = found
  const end = Math.floor(Math.min(client.at + client.tokenSeconds, expiresAt))
  const left = end - Math.ceil(now())
  if (left < 1) throw notTaken(request, { why: 'token ended' })
  const accessToken = await signActingToken(keys[0], {
    issuer: config.PUBLIC_URL ?? ISSUER,
    client: client.id,
    subject: identifier,
    scope,
    issuedAt: client.at,
    expiresAt: end,
  })
  request.log.info({ client: client.id, issuer }, 'token exchanged')
  return { access_token: accessToken, issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', expires_in: left, scope }
}

/** The issuer whose tokens an app's client exchanges, and the issuer's own names for that app. */
function issuerFor({ role, exchange }: KnownClient, issuers: readonly Issuer[]) {
  if (role !== 'professional' || !exchange) {
    throw new OAuthError('unauthorized_client', 'Only the client of an app, of role professional, exchanges tokens.')
  }
  const { issuer, subjectOf } = issuers.find((each) => each.issuer === exchange.issuer) ?? {}
  if (!issuer || !subjectOf) {
    throw new OAuthError('unauthorized_client', 'This service exchanges no tokens of the issuer of this client.')
  }
  return { issuer, subjectOf, clients: exchange.clients }
}

function requireExchangeable(body: TokenBody, ours: readonly (string | undefined)[]): void {
  if (!BEARER.test(body.subject_token ?? '')) {
    throw new OAuthError('invalid_request', 'subject_token is an access token as the issuer of the app gave it.')
  }
  if (body.subject_token_type !== ACCESS_TOKEN) {
    throw new OAuthError('invalid_request', `subject_token_type is ${ACCESS_TOKEN}.`)
  }
  if (body.requested_token_type && body.requested_token_type !== ACCESS_TOKEN) {
    throw new OAuthError('invalid_request', `requested_token_type is ${ACCESS_TOKEN} or left out.`)
  }
  if (body.actor_token || body.actor_token_type) {
    throw new OAuthError('invalid_request', 'The client itself is the actor: send no actor_token.')
  }
  const targets = [body.audience ?? [], body.resource ?? []].flat()
  if (!targets.every((each) => each === '' || ours.includes(each))) {
    throw new OAuthError('invalid_target', `The token is for ${AUDIENCE} alone; leave audience and resource out.`)
  }
}

// But for somebody who may not come in, one answer whatever the reason, which is for the log: whoever has found a token
// learns nothing about it here.
function notTaken(request: FastifyRequest, { why, told }: NotTaken): OAuthError {
  request.refused = { kind: told === undefined ? 'unauthenticated' : 'forbidden', reason: why }
  return new OAuthError(
    'invalid_request',
    told ?? 'The subject_token is not, or no longer, one that this client can exchange.',
  )
}
