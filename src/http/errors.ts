import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { constraintRejection, isUnavailable, OutcomeUnknown } from '../db/failures.ts'
import { StaleRead } from '../db/transaction.ts'
import type { Text } from '../domain/language.ts'
import { Rejection } from '../domain/refusals.ts'
import { complain } from './complaints.ts'
import { frameworkProblem } from './framework-problem.ts'
import { chooseLanguage } from './language.ts'
import { documentOf, Problem } from './problem.ts'
import { tooManyFailures } from './rate-limit.ts'
import { refusalOf } from './refusals.ts'
import { bareHeaders } from './security-headers.ts'

const RETRY_AFTER_SECONDS = 2

/** Sends a problem document. Its instance is the request's id and not the URL, which may contain a national number. */
function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const wait = problem.retryAfterSeconds ?? (problem.status === 503 ? RETRY_AFTER_SECONDS : undefined)
  if (wait !== undefined) reply.header('retry-after', wait)
  const challenge = challengeOf(request, problem)
  if (challenge) reply.header('www-authenticate', challenge)
  // The framework would close the connection before the rest of the body, and the reset would discard the answer.
  if (problem.status === 413) reply.removeHeader('connection')
  request.refused ??= refusalOf(problem)
  const language = chooseLanguage(request, reply)
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(documentOf(problem, request.id, language))
}

/** What RFC 6750 says a refused bearer must be told. */
function challengeOf({ headers }: FastifyRequest, { status, facts }: Problem): string | undefined {
  if (status === 403 && facts.scope) return `Bearer error="insufficient_scope", scope="${facts.scope}"`
  if (status !== 401) return undefined
  return /^bearer \S/i.test(headers.authorization ?? '') ? 'Bearer error="invalid_token"' : 'Bearer'
}

/** Answers every error with a problem document, and logs those that are our fault. */
export function handleErrors(app: FastifyInstance): void {
  app.decorate('tooManyUncounted', async () => undefined) // A listener without limits has none to put in its place.
  app.setErrorHandler(async (error, request, reply) => {
    const found = problemOf(error, request.routeOptions.bodyLimit)
    const tooMany = found.status === 401 ? tooManyFailures(request, reply) : await app.tooManyUncounted(request, reply)
    const problem = tooMany ?? found
    complain(request.log, error, problem)
    return sendProblem(request, reply, problem)
  })
}

/**
 * Answers requests that never reach routing, such as one with a malformed URL. No hook runs before it, so no limit
 * either: each costs its sender the connection.
 */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'x-request-id': request.id, ...bareHeaders, connection: 'close' })
  sendProblem(request, reply, problemOf(error))
}

/** The problem that an error stands for, on a route that takes bodies of so many bytes. */
export function problemOf(error: unknown, bodyLimit?: number): Problem {
  if (error instanceof Problem) return error
  const rejection = error instanceof Rejection ? error : constraintRejection(error)
  if (rejection) {
    const { code, detail, errors, waitSeconds } = rejection
    return new Problem(code, detail, { errors, retryAfterSeconds: waitSeconds })
  }
  if (error instanceof OutcomeUnknown) return new Problem('outcome_unknown', outcomeUnknown)
  if (isUnavailable(error) || error instanceof StaleRead) return new Problem('unavailable', unavailable)
  return frameworkProblem(error as Partial<FastifyError>, bodyLimit)
}

const outcomeUnknown: Text = {
  en: 'The database did not confirm the outcome. Send the same request with the same Idempotency-Key to find it out.',
  fr: 'La base de données n’a pas confirmé le résultat. Renvoyez la même requête avec la même Idempotency-Key pour le connaître.',
}
const unavailable: Text = {
  en: 'The service cannot reach its database or is too busy. Nothing was done; try again in a moment.',
  fr: 'Le service ne joint pas sa base de données ou est surchargé. Rien n’a été fait ; réessayez dans un instant.',
}
