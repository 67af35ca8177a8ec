import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { complain } from '../../http/complaints.ts'
import type { Problem } from '../../http/problem.ts'
import { tooManyFailures } from '../../http/rate-limit.ts'
import { oneOf } from '../../http/schemas.ts'

const codes = [
  'invalid_request',
  'invalid_client',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'temporarily_unavailable',
  'server_error',
] as const

type Code = (typeof codes)[number]

/** Ends a token request with an error of RFC 6749 §5.2, RFC 8693 §2.2.2 or RFC 8707 §2. The description is public. */
export class OAuthError extends Error {
  readonly code: Code

  constructor(code: Code, description: string) {
    super(description)
    this.code = code
  }
}

const body = z
  .object({ error: oneOf(codes), error_description: z.string() })
  .meta({ id: 'OAuthError', description: 'RFC 6749, section 5.2.' })

const descriptions: Record<number, string> = {
  400: 'The request, its scope, its target (`invalid_target`) or its subject token is wrong, or the client may not ask for this (`unauthorized_client`).',
  401: 'The client did not authenticate (`invalid_client`).',
  404: 'There is no such route.',
  413: 'The body is too large.',
  414: 'The URL is too long.',
  415: 'The body is not application/x-www-form-urlencoded.',
  429: 'Too many requests; wait as long as Retry-After says.',
  500: 'Our fault; no token was issued.',
  503: 'No token was issued; try again in a moment.',
}

/** Response schemas of these errors. */
export function oauthErrors(...statuses: number[]): Record<number, unknown> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: descriptions[status], content: { 'application/json': { schema: body } } },
    ]),
  )
}

/**
 * Answers every error of the routes below as RFC 6749 has it, never as a problem document. `problemOf` is what the rest
 * of the service would answer.
 */
export function answerAsOAuth(app: FastifyInstance, problemOf: (error: unknown) => Problem): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
  })
  app.setErrorHandler((given, request, reply) => {
    // Whoever has proved who it is has not failed to.
    const tooMany = request.provenClient === undefined && tooManyFailures(request, reply)
    const isFailure = readable(given, problemOf).status < 500
    const error = (isFailure && tooMany) || given
    const { status, code, description, wait } = readable(error, problemOf)
    if (status >= 500) complain(request.log, error, problemOf(error))
    if (status === 401) {
      reply.header('www-authenticate', 'Basic realm="gomask", charset="UTF-8"')
      request.refused = { kind: 'unauthenticated', reason: code }
    }
    if (status === 429) request.refused = { kind: 'rate_limited' }
    if (wait !== undefined) reply.header('retry-after', wait)
    if (status === 413) reply.removeHeader('connection') // A reset would discard the answer.
    return reply.code(status).send({ error: code, error_description: printable(description) })
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'invalid_request', error_description: 'POST /oauth/token is all there is here.' }),
  )
}

function readable(
  error: unknown,
  problemOf: (error: unknown) => Problem,
): { status: number; code: Code; description: string; wait?: number | undefined } {
  if (error instanceof OAuthError) {
    return { status: error.code === 'invalid_client' ? 401 : 400, code: error.code, description: error.message }
  }
  const { status, message, retryAfterSeconds } = problemOf(error)
  if (status === 415) return { status, code: 'invalid_request', description: 'Send application/x-www-form-urlencoded.' }
  const code =
    status === 500 ? 'server_error' : status === 429 || status === 503 ? 'temporarily_unavailable' : 'invalid_request'
  return { status, code, description: message, wait: retryAfterSeconds ?? (status === 503 ? 2 : undefined) }
}

// RFC 6749 allows only these characters.
function printable(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' ')
}
