import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { phrase } from '../domain/language.ts'
import { chooseLanguage } from './language.ts'
import { documentOf, Problem } from './problem.ts'

/** What a caller can ask to happen to its own request, in the header X-Sandbox-Fault. */
export const faults = ['answer_lost', 'outcome_unknown', 'unavailable', 'rate_limited', 'slow'] as const
type Fault = (typeof faults)[number]

const ASKED_FOR = {
  en: 'The sandbox was asked for this fault. Nothing was done.',
  fr: 'Cette panne a été demandée au bac à sable. Rien n’a été fait.',
}
const MAYBE_DONE = {
  en: 'The sandbox was asked for this fault: the work may have been done.',
  fr: 'Cette panne a été demandée au bac à sable : le travail a peut-être été fait.',
}
const HEADER = 'x-sandbox-fault'
const SLOW_MS = 5_000
const RETRY_AFTER_SECONDS = 1
const REFUSED = { unavailable: 'unavailable', rate_limited: 'rate_limited' } as const

declare module 'fastify' {
  interface FastifyRequest {
    fault: Fault | undefined
  }
}

/**
 * Makes faults happen on demand: the work is done and its answer is lost, or is a 503 that says that nobody knows; or
 * it is refused before; or it takes long.
 */
export function makeFaults(app: FastifyInstance): void {
  app.decorateRequest('fault')
  app.addHook('onRequest', async (request) => {
    request.fault = faultOf(request)
    const code = REFUSED[request.fault as keyof typeof REFUSED]
    if (code) {
      throw new Problem(code, ASKED_FOR, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    }
  })
  app.addHook('preHandler', async ({ fault }) => {
    if (fault === 'slow') await wait(SLOW_MS)
  })
}

/** Does to an answer what its caller asked for; the work behind it is done. */
export function spoilAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (request.fault === 'answer_lost') request.raw.socket.destroy()
  if (request.fault !== 'outcome_unknown' || reply.statusCode >= 300) return payload
  const problem = new Problem('outcome_unknown', MAYBE_DONE)
  reply.code(problem.status).header('retry-after', RETRY_AFTER_SECONDS).removeHeader('content-length')
  reply.header('content-type', 'application/problem+json')
  return JSON.stringify(documentOf(problem, request.id, chooseLanguage(request, reply)))
}

function faultOf({ headers }: FastifyRequest): Fault | undefined {
  const asked = headers[HEADER]
  if (asked === undefined) return undefined
  const fault = faults.find((each) => each === asked)
  if (fault) return fault
  const list = faults.join(', ')
  const message = { en: phrase`must be one of ${list}`, fr: phrase`doit être l’un de ${list}` }
  const detail = {
    en: phrase`The sandbox knows the faults ${list}.`,
    fr: phrase`Le bac à sable connaît les pannes ${list}.`,
  }
  throw new Problem('invalid_request', detail, { errors: [{ path: HEADER, message }] })
}
