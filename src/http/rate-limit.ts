import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { Queryable } from '../db/database.ts'
import { countUnder, type Limiters, limitersFor, refusal, type State, usedUp } from './limiter.ts'
import type { Problem } from './problem.ts'
import { limitRequests } from './request-limits.ts'
import { shareCounts } from './shared-counts.ts'
import { whoseRequest } from './whose-request.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts a request for a token of a client that has proved who it is, for a part of it alone if it is about one;
     * throws if there were too many, or too many subject tokens of the client's that could not be exchanged.
     */
    limitTokensOf(whose: TokenFor, request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
  interface FastifyRequest {
    /** The limit on failures, if others from this address have used it up. */
    spentFailures: State | undefined
    /** The client that asks for a token, once it has proved who it is. */
    provenClient: string | undefined
    /** Whose its request for a token is. */
    tokenFor: string | undefined
  }
  interface FastifyContextConfig {
    /** A route that hands out tokens: its limits are its clients', whatever else comes from their address. */
    limits?: 'token'
  }
}

interface TokenFor {
  client: string
  /** The pharmacy that the token is narrowed to, or a hash of the subject token. */
  part: string | undefined
}

type Limits = Pick<
  Config,
  | 'RATE_LIMIT'
  | 'RATE_LIMIT_CLIENT'
  | 'RATE_LIMIT_STORE'
  | 'RATE_LIMIT_UNAUTHENTICATED'
  | 'RATE_LIMIT_NOT_FOUND'
  | 'RATE_LIMIT_TOKENS'
>

const MOST_CHECKS = 600
const MOST_REFUSALS = 60
const HELD_MS = 1_000
const REFUSED_BEFORE_WORK = [414, 429, 503]

/**
 * Limits the requests per minute: of each caller, of those who act for several pharmacies for each of these, or of each
 * address while nobody has said who calls. Who proves who they are is limited by who they are, never by their address,
 * which others may share: so tokens and secrets are looked at however many wrong ones came from there, and only the
 * wrong ones are refused. Wrong ids and codes are limited as requests are. RATE_LIMIT 0 means no limit.
 */
export async function limitRate(app: FastifyInstance, limits: Limits, counting: Queryable): Promise<void> {
  app.decorate('limitTokensOf', async () => {})
  app.decorate('countAlso', async () => {})
  app.decorateRequest('spentFailures')
  app.decorateRequest('provenClient')
  app.decorateRequest('tokenFor')
  if (limits.RATE_LIMIT === 0) return
  const share = limits.RATE_LIMIT_STORE === 'database' ? shareCounts(counting, app.log) : undefined
  const limiters = await limitersFor(app, share)
  limitRequests(app, limits, limiters) // After the token is verified.
  limitFailures(app, limits, limiters)
  limitTokens(app, limits, limiters)
  holdFloods(app, limiters)
}

function limitFailures(app: FastifyInstance, limits: Limits, { ofProcess }: Limiters): void {
  const failures = ofProcess(limits.RATE_LIMIT_UNAUTHENTICATED, ({ network }) => network)
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

function limitTokens(app: FastifyInstance, limits: Limits, { ofCallers }: Limiters): void {
  const tokens = ofCallers('tokens', limits.RATE_LIMIT_TOKENS, ({ tokenFor, network }) => tokenFor ?? network)
  const together = ofCallers('tokens together', limits.RATE_LIMIT_CLIENT, ({ provenClient = '' }) => provenClient)
  // Each costs its issuer a question.
  const wrong = ofCallers('subjects', limits.RATE_LIMIT_UNAUTHENTICATED, ({ provenClient = '' }) => provenClient)
  app.limitTokensOf = async ({ client, part }, request, reply) => {
    request.provenClient = client
    request.tokenFor = part === undefined ? client : `${client}\n${part}`
    for (const limit of [wrong, tokens]) {
      const spent = await usedUp(limit, request)
      if (spent) throw refusal(reply, spent)
    }
    await countUnder([tokens, together], request, reply)
  }
  app.addHook('onSend', async (request) => {
    if (request.provenClient !== undefined && request.refused?.kind === 'unauthenticated') await wrong(request)
  })
}

/**
 * Answers a flood late: a second after it was ready, so that each of its connections brings eight requests a second and
 * not thousands. A flood is what no other limit stops: more than 60 refusals a minute for too much of something, or 600
 * health checks, whose answers stay what they are.
 */
function holdFloods(app: FastifyInstance, { ofProcess }: Limiters): void {
  const checks = ofProcess(MOST_CHECKS, whoseRequest)
  const refusals = ofProcess(MOST_REFUSALS, whoseRequest)
  app.addHook('onSend', async (request, reply) => {
    const isWithoutLimit = request.routeOptions.config.rateLimit === false
    if (!isWithoutLimit && !REFUSED_BEFORE_WORK.includes(reply.statusCode)) return
    const state = await (isWithoutLimit ? checks : refusals)(request)
    if (!state.isAllowed && state.isExceeded) await pause(HELD_MS)
  })
}

/** What to answer instead of 401 where too many from the same address have failed already. */
export function tooManyFailures({ spentFailures }: FastifyRequest, reply: FastifyReply): Problem | undefined {
  return spentFailures && refusal(reply, spentFailures)
}
