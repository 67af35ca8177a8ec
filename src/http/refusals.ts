import type { FastifyInstance } from 'fastify'
import { isRefusal, type Refusal } from '../domain/refusals.ts'
import { Problem, type ProblemCode } from './problem.ts'

/** The refusals that somebody who guesses or floods gets, and others seldom. */
export const refusalKinds = [
  'unauthenticated',
  'forbidden',
  'not_found',
  'pickup_code_wrong',
  'rate_limited',
  'unavailable',
] as const

interface Refused {
  kind: (typeof refusalKinds)[number]
  /** For the log, so nothing personal. */
  reason?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the request is answered; a route may set it beforehand to say what its answer means. */
    refused: Refused | undefined
  }
}

const kinds: Partial<Record<ProblemCode, Refused['kind']>> = {
  unauthenticated: 'unauthenticated',
  forbidden: 'forbidden',
  pharmacy_suspended: 'forbidden',
  professional_suspended: 'forbidden',
  not_found: 'not_found',
  method_not_allowed: 'not_found',
  pickup_code_wrong: 'pickup_code_wrong',
  rate_limited: 'rate_limited',
  unavailable: 'unavailable',
}

/** The kind of refusal that a problem is, if it is worth watching. */
export function refusalOf(problem: Problem): Refused | undefined {
  const { code, status } = problem
  const kind = kinds[code]
  // If somebody else is suspended (409), the caller has done nothing wrong.
  return kind && (kind !== 'forbidden' || status === 403)
    ? { kind, reason: problem.reason ?? problem.message }
    : undefined
}

/** Logs each refused authentication and authorisation at `warn`. */
export function watchRefusals(app: FastifyInstance): void {
  app.decorateRequest('refused')
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode === 401) request.refused ??= { kind: 'unauthenticated' }
  })
  app.addHook('onResponse', async ({ log, method, routeOptions, refused, caller }) => {
    if (refused?.kind !== 'unauthenticated' && refused?.kind !== 'forbidden') return
    log.warn({ ...refused, method, route: routeOptions.url, role: caller?.role }, 'refused')
  })
}

/** What was decided, if it was not a refusal, which ends the request. */
export function unlessRefused<T extends object>(decided: T | Refusal): T {
  if (isRefusal(decided)) throw new Problem(decided.refused, decided.detail, { facts: decided.facts })
  return decided
}
