import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { v4 as uuid } from 'uuid'
import { constraintRejection, isUnavailable, OutcomeUnknown } from '../db/failures.ts'
import { StaleRead } from '../db/transaction.ts'
import { Rejection } from '../domain/refusals.ts'
import { inKilobytes } from './body-limits.ts'
import { complain } from './complaints.ts'
import { documentOf, Problem, shownName } from './problem.ts'
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
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(documentOf(problem, request.id))
}

/** What RFC 6750 says a refused bearer must be told. */
function challengeOf({ headers }: FastifyRequest, { status, facts }: Problem): string | undefined {
  if (status === 403 && facts.scope) return `Bearer error="insufficient_scope", scope="${facts.scope}"`
  if (status !== 401) return undefined
  return /^bearer \S/i.test(headers.authorization ?? '') ? 'Bearer error="invalid_token"' : 'Bearer'
}

/** Answers every error with a problem document, and logs those that are our fault. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const found = problemOf(error, request.routeOptions.bodyLimit)
    const problem = (found.status === 401 && tooManyFailures(request, reply)) || found
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
    const { code, message, errors, waitSeconds } = rejection
    return new Problem(code, message, { errors, retryAfterSeconds: waitSeconds })
  }
  if (error instanceof OutcomeUnknown) {
    return new Problem(
      'outcome_unknown',
      'The database did not confirm the outcome. Send the same request with the same Idempotency-Key to find it out.',
    )
  }
  if (isUnavailable(error) || error instanceof StaleRead) {
    return new Problem(
      'unavailable',
      'The service cannot reach its database or is too busy. Nothing was done; try again in a moment.',
    )
  }
  return frameworkProblem(error as Partial<FastifyError>, bodyLimit)
}

const MOST_ERRORS = 10
const LONGEST_MESSAGE = 500

function frameworkProblem(error: Partial<FastifyError>, bodyLimit: number | undefined): Problem {
  const { validation, validationContext, statusCode, code } = error
  if (validation) {
    const errors = validation.slice(0, MOST_ERRORS).map(({ instancePath, message }) => ({
      path: fieldPath(instancePath) || (validationContext ?? 'body'),
      message: shownMessage(message ?? 'is not valid'),
    }))
    const [first] = errors
    return new Problem('invalid_request', `${first?.path}: ${first?.message}`, { errors })
  }
  switch (statusCode) {
    case 400:
      return new Problem('invalid_request', framework400[code ?? ''] ?? 'The request is not well formed.')
    case 404:
      return new Problem('not_found', 'There is no such route.')
    case 413:
      return new Problem(
        'payload_too_large',
        `The body is larger than ${bodyLimit === undefined ? 'this route takes' : `the ${inKilobytes(bodyLimit)} that this route takes`}.`,
      )
    case 414:
      return new Problem('uri_too_long', 'The URL is longer than this service takes.')
    case 415:
      return new Problem('unsupported_media_type', 'Send the body as application/json.')
    case 429:
      return new Problem('rate_limited', 'Too many requests. Wait as long as Retry-After says.')
    default:
      return new Problem(
        'internal',
        'Something went wrong on our side; nothing was done. Quote the requestId when you report it.',
      )
  }
}

const framework400: Record<string, string> = {
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is shorter or longer than Content-Length says.',
  FST_ERR_BAD_URL: 'The URL is not well formed.',
}

function shownMessage(message: string): string {
  const shown = message.replace(/"([^"]*)"/g, (_quoted, name) => `"${shownName(name)}"`)
  return shown.length > LONGEST_MESSAGE ? `${shown.slice(0, LONGEST_MESSAGE)}…` : shown
}

// zod gives JSON pointers; people read lines[0].quantity.
function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .filter(Boolean)
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}

const LONGEST_FAREWELL_MS = 2_000

/**
 * Answers what is not even an HTTP request, directly on the socket. Whatever still arrives is read and dropped for a
 * moment: a connection closed with unread bytes is reset, and the answer would be lost.
 */
export function answerClientErrors(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.writableEnded) return
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Problem('headers_too_large', 'The URL and headers together are larger than this service takes (16 KiB).')
      : new Problem('invalid_request', 'The request is not well-formed HTTP, or came too slowly.')
  const requestId = uuid()
  const body = JSON.stringify(documentOf(problem, requestId))
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json\r\n` +
      `X-Request-Id: ${requestId}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  setTimeout(() => socket.destroy(), LONGEST_FAREWELL_MS).unref()
}
