import { hash } from 'node:crypto'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config.ts'
import { Problem } from './problem.ts'

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
type Spent = { max: number; ttlInSeconds: number }

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
  const accepted = new LRUCache<string, true>({ max: MOST_TOKENS }) // The tokens that were accepted here, by their hashes.
  app.decorateRequest('network', '')
  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions
    request.network = networks.memo(request.ip)
    if (config.rateLimit === false) return
    await take(requests, request, reply)
    if (config.limits === 'token') await take(tokenRequests, request, reply)
    const needsToken = config.limits === 'token' || !(request.is404 || config.policy === 'public')
    const spent = needsToken && (await usedUp(unauthenticated, request))
    // Others behind the same address, whose tokens have been accepted before, are served all the same.
    if (spent && !accepted.has(hashOf(request))) throw refusal(reply, spent)
  })
  app.addHook('preParsing', async (request) => {
    if (request.caller) accepted.set(hashOf(request), true)
  })
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 401) return
    accepted.delete(hashOf(request))
    await unauthenticated(request)
  })
}

function limitNotFound(app: FastifyInstance, limits: Limits): void {
  const notFound = limiter(app, limits.RATE_LIMIT_NOT_FOUND, callerOf)
  app.addHook('preParsing', async (request, reply) => {
    const spent = request.routeOptions.config.rateLimit !== false && (await usedUp(notFound, request))
    if (spent) throw refusal(reply, spent)
  })
  app.addHook('onSend', async (request) => {
    const kind = request.refused?.kind
    if (kind === 'not_found' || kind === 'pickup_code_wrong') await notFound(request)
  })
}

// Parsing an IPv6 address costs as much as all the limits.
const networks = new LRUCache<string, string>({ max: MOST_COUNTERS, memoMethod: (ip) => normalizeIP(ip) })

function hashOf({ headers: { authorization = '' } }: FastifyRequest): string {
  return hash('sha256', authorization)
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

/** How a limit stands that has nothing left; counts nothing. */
async function usedUp(limit: Limiter, request: FastifyRequest): Promise<Spent | undefined> {
  const state = await limit(request, { increment: false })
  return !state.isAllowed && state.remaining === 0 ? state : undefined
}

function refusal(reply: FastifyReply, { max, ttlInSeconds }: Spent): Problem {
  reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': 0, 'ratelimit-reset': ttlInSeconds })
  return tooMany(`${ttlInSeconds} seconds`, ttlInSeconds)
}

function tooMany(wait: string, retryAfterSeconds?: number): Problem {
  return new Problem('rate_limited', `Too many requests. Try again in ${wait}.`, {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}
