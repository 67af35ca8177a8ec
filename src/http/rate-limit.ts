import { hash } from 'node:crypto'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The address for limits: an IPv4 address, or the /64 of an IPv6 one, since one person has all of it. */
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
// Counters kept for each limit. TCP addresses can't be forged, so pushing one out takes this many real ones in a
// minute.
const MOST_COUNTERS = 50_000
const MOST_TOKENS = 10_000

/**
 * Limits the requests per minute in this process: of each caller, or of each address if there is no token; and of each
 * address in total, ten times as many, since a whole hospital may share one. Failures are limited more tightly: wrong
 * tokens by address, before the next is verified; wrong ids and codes by caller. RATE_LIMIT 0 means no limit.
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
  const accepted = new LRUCache<string, true>({ max: MOST_TOKENS }) // Hashes of the tokens accepted here.
  app.decorateRequest('network', '')
  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions
    request.network = networks.memo(request.ip)
    if (config.rateLimit === false) return
    await take(requests, request, reply)
    if (config.limits === 'token') await take(tokenRequests, request, reply)
    const needsToken = config.limits === 'token' || !(request.is404 || config.policy === 'public')
    const spent = needsToken && (await usedUp(unauthenticated, request))
    // Others at the same address, whose tokens were accepted before, are still served.
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

/** Counts a request; throws if there are too many. */
async function take(limit: Limiter, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const state = await limit(request)
  if (!state.isAllowed && state.isExceeded) throw refusal(reply, state)
}

/** The state of a limit if it is used up, else undefined. Counts nothing. */
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
