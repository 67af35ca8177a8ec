import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { counted, phrase } from '../domain/language.ts'
import { Problem } from './problem.ts'
import { RateCounters } from './rate-counters.ts'
import type { shareCounts } from './shared-counts.ts'

/** Counts a request and says how a limit stands; with `increment: false` it only says. */
export type Limiter = ReturnType<FastifyInstance['createRateLimit']>
/** How a limit stands. */
export type State = Extract<Awaited<ReturnType<Limiter>>, { isAllowed: false }>

type Most = number | ((request: FastifyRequest) => number)
type Whose = (request: FastifyRequest) => string

/** Makes limits per minute. */
export interface Limiters {
  /** One that this process counts for itself, whatever it shares. */
  ofProcess(most: Most, whose: Whose): Limiter
  /** One on callers, whom the processes may count together. Who has not said who calls is counted in each. */
  ofCallers(name: string, most: Most, whose: Whose): Limiter
}

const MINUTE_MS = 60_000
// Counters kept for each limit. TCP addresses can't be forged, so pushing one out takes this many real ones in a
// minute; a country's pharmacies are fewer.
const MOST_COUNTERS = 50_000

/** Prepares to limit the requests of an application; `share` is given where processes count together. */
export async function limitersFor(app: FastifyInstance, share?: ReturnType<typeof shareCounts>): Promise<Limiters> {
  await app.register(rateLimit, { global: false, timeWindow: MINUTE_MS, store: RateCounters })
  const limiter = (most: Most, whose: Whose, name?: string): Limiter => {
    const shared = name === undefined ? undefined : share?.(name)
    const options = { max: most, keyGenerator: whose, cache: MOST_COUNTERS, allowList: [], shared }
    return app.createRateLimit(options)
  }
  return {
    ofProcess: (most, whose) => limiter(most, whose),
    ofCallers(name, most, whose) {
      if (!share) return limiter(most, whose)
      const [together, alone] = [limiter(most, whose, name), limiter(most, whose)]
      return (request, options) => (isKnown(request) ? together : alone)(request, options)
    },
  }
}

function isKnown({ caller, provenClient }: FastifyRequest): boolean {
  return caller !== undefined || provenClient !== undefined
}

/** How a limit stands if it is used up, else undefined. Counts nothing. */
export async function usedUp(limit: Limiter, request: FastifyRequest): Promise<State | undefined> {
  const state = await limit(request, { increment: false })
  return !state.isAllowed && state.remaining === 0 ? state : undefined
}

/** Counts a request under limits. Throws if it is one too many, else returns how the tightest of them stands. */
export async function countUnder(
  limits: Limiter[],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<State | undefined> {
  const states = await Promise.all(limits.map((limit) => limit(request)))
  const [tightest] = states
    .filter((state) => !state.isAllowed)
    .toSorted((one, other) => Number(other.isExceeded) - Number(one.isExceeded) || one.remaining - other.remaining)
  if (tightest?.isExceeded) throw refusal(reply, tightest)
  return tightest
}

/** The refusal of a request that a limit does not let pass. */
export function refusal(reply: FastifyReply, state: Pick<State, 'max' | 'ttlInSeconds'>): Problem {
  const { ttlInSeconds } = state
  reply.headers(headersOf({ ...state, remaining: 0 }))
  const detail = {
    en: phrase`Too many requests. Try again in ${counted(ttlInSeconds, 'second', 'seconds')}.`,
    fr: phrase`Trop de requêtes. Réessayez dans ${counted(ttlInSeconds, 'seconde', 'secondes')}.`,
  }
  return new Problem('rate_limited', detail, { retryAfterSeconds: ttlInSeconds })
}

/** What whoever is limited is told with each answer. */
export function headersOf({ max, remaining, ttlInSeconds }: Pick<State, 'max' | 'remaining' | 'ttlInSeconds'>) {
  return { 'ratelimit-limit': max, 'ratelimit-remaining': remaining, 'ratelimit-reset': ttlInSeconds }
}
