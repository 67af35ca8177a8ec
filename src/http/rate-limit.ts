import { setTimeout as pause } from 'node:timers/promises'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { whoOf } from './caller.ts'
import { Problem } from './problem.ts'
import { RateCounters } from './rate-counters.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request for a token of a client that has proved who it is; throws if it has made too many. */
    limitTokensOf(client: string, request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
  interface FastifyRequest {
    /** The limit on failures, if others from this address have used it up. */
    spentFailures: Spent | undefined
    /** The client that asks for a token, once it has proved who it is. */
    provenClient: string | undefined
  }
  interface FastifyContextConfig {
    /** A route that hands out tokens: its limits are its clients', whatever else comes from their address. */
    limits?: 'token'
  }
}

type Limits = Pick<Config, 'RATE_LIMIT' | 'RATE_LIMIT_UNAUTHENTICATED' | 'RATE_LIMIT_NOT_FOUND' | 'RATE_LIMIT_TOKENS'>
type Limiter = ReturnType<FastifyInstance['createRateLimit']>
type Spent = { max: number; ttlInSeconds: number }

const MINUTE_MS = 60_000
// Counters kept for each limit. TCP addresses can't be forged, so pushing one out takes this many real ones in a
// minute.
const MOST_COUNTERS = 50_000
const MOST_CHECKS = 600
const MOST_REFUSALS = 60
const HELD_MS = 1_000
const REFUSED_BEFORE_WORK = [414, 429, 503]

/**
 * Limits the requests per minute in this process: of each caller, or of each address while nobody has said who calls.
 * Who proves who they are is limited by who they are, never by their address, which others may share: so tokens and
 * secrets are looked at however many wrong ones came from there, and only the wrong ones are refused. Wrong ids and
 * codes are limited by caller. RATE_LIMIT 0 means no limit.
 */
export async function limitRate(app: FastifyInstance, limits: Limits): Promise<void> {
  app.decorate('limitTokensOf', async () => {})
  app.decorateRequest('spentFailures')
  app.decorateRequest('provenClient')
  if (limits.RATE_LIMIT === 0) return
  await app.register(rateLimit, {
    max: limits.RATE_LIMIT,
    timeWindow: MINUTE_MS,
    cache: MOST_COUNTERS,
    store: RateCounters,
    global: false,
    enableDraftSpec: true,
    keyGenerator: whoOf,
    allowList: ({ routeOptions: { config } }) => config.rateLimit === false || config.limits === 'token',
    errorResponseBuilder: (_request, { after }) => tooMany(after),
  })
  app.addHook('preParsing', app.rateLimit()) // After the token is verified, before the body is read.
  limitFailures(app, limits)
  limitNotFound(app, limits)
  limitTokens(app, limits)
  holdFloods(app)
}

function limitFailures(app: FastifyInstance, limits: Limits): void {
  const failures = limiter(app, limits.RATE_LIMIT_UNAUTHENTICATED, ({ network }) => network)
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (request.is404 || (config.policy === 'public' && config.limits !== 'token')) return
    request.spentFailures = await usedUp(failures, request)
  })
  app.addHook('onSend', async (request, reply) => {
    const asksForToken = request.routeOptions.config.limits === 'token' && request.provenClient === undefined
    if (reply.statusCode === 401 || asksForToken) await failures(request)
  })
}

function limitNotFound(app: FastifyInstance, limits: Limits): void {
  const notFound = limiter(app, limits.RATE_LIMIT_NOT_FOUND, whoOf)
  app.addHook('preParsing', async (request, reply) => {
    const { config } = request.routeOptions
    const spent = config.rateLimit !== false && config.limits !== 'token' && (await usedUp(notFound, request))
    if (spent) throw refusal(reply, spent)
  })
  app.addHook('onSend', async (request) => {
    const kind = request.refused?.kind
    if (kind === 'not_found' || kind === 'pickup_code_wrong') await notFound(request)
  })
}

function limitTokens(app: FastifyInstance, limits: Limits): void {
  const tokens = limiter(app, limits.RATE_LIMIT_TOKENS, ({ provenClient, network }) => provenClient ?? network)
  app.limitTokensOf = async (client, request, reply) => {
    request.provenClient = client
    const state = await tokens(request)
    if (!state.isAllowed && state.isExceeded) throw refusal(reply, state)
  }
}

/**
 * Answers a flood late: a second after it was ready, so that each of its connections brings eight requests a second and
 * not thousands. A flood is what no other limit stops: more than 60 refusals a minute for too much of something, or 600
 * health checks, whose answers stay what they are.
 */
function holdFloods(app: FastifyInstance): void {
  const checks = limiter(app, MOST_CHECKS, whoOf)
  const refusals = limiter(app, MOST_REFUSALS, whoOf)
  app.addHook('onSend', async (request, reply) => {
    const isWithoutLimit = request.routeOptions.config.rateLimit === false
    if (!isWithoutLimit && !REFUSED_BEFORE_WORK.includes(reply.statusCode)) return
    const state = await (isWithoutLimit ? checks : refusals)(request)
    if (!state.isAllowed && state.isExceeded) await pause(HELD_MS)
  })
}

function limiter(app: FastifyInstance, max: number, keyGenerator: (request: FastifyRequest) => string): Limiter {
  const options = { max, keyGenerator, cache: MOST_COUNTERS, allowList: [] }
  return app.createRateLimit(options)
}

/** The state of a limit if it is used up, else undefined. Counts nothing. */
async function usedUp(limit: Limiter, request: FastifyRequest): Promise<Spent | undefined> {
  const state = await limit(request, { increment: false })
  return !state.isAllowed && state.remaining === 0 ? state : undefined
}

/** What to answer instead of 401 where too many from the same address have failed already. */
export function tooManyFailures({ spentFailures }: FastifyRequest, reply: FastifyReply): Problem | undefined {
  return spentFailures && refusal(reply, spentFailures)
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
