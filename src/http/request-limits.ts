import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { countUnder, headersOf, type Limiters, refusal, usedUp } from './limiter.ts'
import type { Problem } from './problem.ts'
import { isToldByBody, whoseRequest } from './whose-request.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What to answer instead, if a request that nothing has counted yet is one too many. */
    tooManyUncounted(request: FastifyRequest, reply: FastifyReply): Promise<Problem | undefined>
    /** Counts a request that was let in as so many more. Refuses nothing: those that come after it pay for it. */
    countAlso(request: FastifyRequest, more: number): Promise<void>
  }
  interface FastifyRequest {
    /** It is counted once its body has been read, which alone tells whose it is. */
    isUncounted: boolean
  }
}

type Limits = Pick<Config, 'RATE_LIMIT' | 'RATE_LIMIT_CLIENT' | 'RATE_LIMIT_NOT_FOUND'>

/**
 * Counts each request once, as soon as it is known whose it is: before its body is read, unless that names the
 * pharmacy. One whose body cannot be read counts for its caller. What a caller of several pharmacies asks for any of
 * them counts together as well, but for what a pharmacy's own limit refuses: a loop in one is held back alone.
 */
export function limitRequests(app: FastifyInstance, limits: Limits, limiters: Limiters): void {
  const requests = limiters.ofCallers('requests', limits.RATE_LIMIT, whoseRequest)
  const notFound = limiters.ofCallers('not found', limits.RATE_LIMIT_NOT_FOUND, whoseRequest)
  const most = ({ caller }: FastifyRequest) => caller.client?.requestsPerMinute ?? limits.RATE_LIMIT_CLIENT
  const together = limiters.ofCallers(
    'together',
    most,
    ({ caller }) => `${caller.issuer}\n${caller.client?.id ?? caller.subject}`,
  )

  const limitsOf = (request: FastifyRequest) => (hasCeiling(request) ? [requests, together] : [requests])

  async function count(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    request.isUncounted = false
    for (const limit of [notFound, requests]) {
      const spent = await usedUp(limit, request)
      if (spent) throw refusal(reply, spent)
    }
    const tightest = await countUnder(limitsOf(request), request, reply)
    if (tightest) reply.headers(headersOf(tightest))
  }

  app.decorateRequest('isUncounted', false)
  app.addHook('preParsing', async (request, reply) => {
    const { config } = request.routeOptions
    if (config.rateLimit === false || config.limits === 'token') return
    request.isUncounted = isToldByBody(request)
    if (!request.isUncounted) await count(request, reply)
  })
  app.addHook('preValidation', async (request, reply) => {
    if (request.isUncounted) await count(request, reply)
  })
  app.tooManyUncounted = async (request, reply) =>
    request.isUncounted ? count(request, reply).then(undefined, (problem: Problem) => problem) : undefined
  app.countAlso = async (request, more) => {
    const counts = limitsOf(request).flatMap((limit) => Array.from({ length: more }, () => limit(request)))
    await Promise.all(counts)
  }
  app.addHook('onSend', async (request) => {
    const kind = request.refused?.kind
    if (kind === 'not_found' || kind === 'pickup_code_wrong') await notFound(request)
  })
}

function hasCeiling({ caller }: FastifyRequest): boolean {
  return caller !== undefined && (caller.client !== undefined || caller.finess.length > 1)
}
