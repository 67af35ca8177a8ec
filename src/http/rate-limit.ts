import { hash } from 'node:crypto'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { Problem } from '../domain/problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What is limited by address: an IPv4 address, or the /64 of an IPv6 one, as one person has all of it. */
    network: string
  }
  interface FastifyContextConfig {
    /** A route that hands out tokens. */
    limits?: 'token'
  }
}

type Limits = Pick<
  Config,
  'RATE_LIMIT' | 'RATE_LIMIT_ADDRESS' | 'RATE_LIMIT_UNAUTHENTICATED' | 'RATE_LIMIT_NOT_FOUND' | 'RATE_LIMIT_TOKENS'
>
type Limiter = ReturnType<FastifyInstance['createRateLimit']>

const MINUTE_MS = 60_000
// Counters kept of each limit. Addresses can't be forged over TCP, so pushing one out takes as many real ones in a minute.
const MOST_COUNTERS = 50_000
const MOST_TOKENS = 10_000

/**
 * Limits, in this process, the requests a minute: of each caller, or of an address where there is no token; of each
 * address together, ten times as many, as a whole hospital may stand behind one. Those that fail are limited tighter:
 * tokens that are wrong by address, before the next is verified; ids and codes that are wrong by caller. RATE_LIMIT 0
 * is no limit.
 */
export async function limitRate(app: FastifyInstance, limits: Limits): Promise<void> {
  if (limits.RATE_LIMIT === 0) return
  await app.register(rateLimit, {
    max: limits.RATE_LIMIT,
    timeWindow: MINUTE_MS,
    cache: MOST_COUNTERS,
    hook: 'preParsing', // After the token is verified, before the body is read.
    enableDraftSpec: true,
    keyGenerator: callerOf,
    errorResponseBuilder: (_request, { after }) => tooMany(after),
  })
  limitAddresses(app, limits)
  limitNotFound(app, limits)
}

function limitAddresses(app: FastifyInstance, limits: Limits): void {
  const requests = limiter(app, limits.RATE_LIMIT_ADDRESS ?? 10 * limits.RATE_LIMIT, ({ network }) => network)
  const tokenRequests = limiter(app, limits.RATE_LIMIT_TOKENS, ({ network }) => network)
  const unauthenticated = limiter(app, limits.RATE_LIMIT_UNAUTHENTICATED, ({ network }) => network)
  const accepted = new AcceptedTokens()
  app.decorateRequest('network', '')
  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions
    request.network = normalizeIP(request.ip)
    if (config.rateLimit === false) return
    await take(requests, request, reply)
    if (config.limits === 'token') await take(tokenRequests, request, reply)
    const needsToken = config.limits === 'token' || !(request.is404 || config.policy === 'public')
    // Others behind the same address, whose tokens have been accepted before, are served all the same.
    if (needsToken && !accepted.has(request)) await requireLeft(unauthenticated, request, reply)
  })
  app.addHook('preParsing', async (request) => {
    if (request.caller) accepted.add(request)
  })
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 401) return
    accepted.delete(request)
    await unauthenticated(request)
  })
}

function limitNotFound(app: FastifyInstance, limits: Limits): void {
  const notFound = limiter(app, limits.RATE_LIMIT_NOT_FOUND, callerOf)
  app.addHook('preParsing', async (request, reply) => {
    if (request.routeOptions.config.rateLimit !== false) await requireLeft(notFound, request, reply)
  })
  app.addHook('onSend', async (request) => {
    const kind = request.refused?.kind
    if (kind === 'not_found' || kind === 'pickup_code_wrong') await notFound(request)
  })
}

function callerOf({ caller, network }: FastifyRequest): string {
  return caller ? `${caller.issuer}\n${caller.role}\n${caller.subject}` : network
}

function limiter(app: FastifyInstance, max: number, keyGenerator: (request: FastifyRequest) => string): Limiter {
  const options = { max, keyGenerator, cache: MOST_COUNTERS }
  return app.createRateLimit(options)
}

/** Counts a request; throws when there are too many. */
async function take(limit: Limiter, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const state = await limit(request)
  if (!state.isAllowed && state.isExceeded) throw refusal(reply, state)
}

/** Throws when the limit is used up; counts nothing. */
async function requireLeft(limit: Limiter, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const state = await limit(request, { increment: false })
  if (!state.isAllowed && state.remaining === 0) throw refusal(reply, state)
}

function refusal(reply: FastifyReply, { max, ttlInSeconds }: { max: number; ttlInSeconds: number }): Problem {
  reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': 0, 'ratelimit-reset': ttlInSeconds })
  return tooMany(`${ttlInSeconds} seconds`, ttlInSeconds)
}

function tooMany(wait: string, retryAfterSeconds?: number): Problem {
  return new Problem('rate_limited', `Too many requests. Try again in ${wait}.`, {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** The newest tokens that were accepted here, by their hashes. */
class AcceptedTokens {
  readonly #hashes = new Set<string>()

  has({ headers: { authorization = '' } }: FastifyRequest): boolean {
    return this.#hashes.has(hash('sha256', authorization))
  }

  add({ headers: { authorization = '' } }: FastifyRequest): void {
    const hashed = hash('sha256', authorization)
    // Taken out and put in again, so that the one used longest ago comes first.
    this.#hashes.delete(hashed)
    this.#hashes.add(hashed)
    const [oldest] = this.#hashes
    if (this.#hashes.size > MOST_TOKENS && oldest !== undefined) this.#hashes.delete(oldest)
  }

  delete({ headers: { authorization = '' } }: FastifyRequest): void {
    this.#hashes.delete(hash('sha256', authorization))
  }
}
