import type { FastifyInstance, FastifyRequest } from 'fastify'
import { phrase } from '../domain/language.ts'
import { whoOf } from './caller.ts'
import { Problem } from './problem.ts'
import { countShares } from './shares.ts'
import { hasSeveral, whoseRequest } from './whose-request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives back the place that the request takes up while it is worked on. */
    endWork: (() => void) | undefined
  }
}

const MOST_IN_FLIGHT = 1_000
const MOST_OF_ONE = 250
// A till has one or two: so many are a loop.
const MOST_OF_ONE_PHARMACY = 50
const MOST_OF_ALL_PHARMACIES = 750
const LONGEST_URL = 8_192

/**
 * Refuses excess load before any work is done: beyond 1,000 requests in flight the answer is 503, so that those under
 * way can finish and fewer queue for a database connection. One caller, or one address while it has not said who calls,
 * has a quarter of that, beyond which it alone gets 429; a caller of several pharmacies has three quarters for them
 * all, and 50 for each of them. In flight is what is worked on: neither a body that has yet to come counts nor an
 * answer that has yet to be read. A URL that is too long is 414. Health checks are always answered.
 */
export function shedLoad(app: FastifyInstance): void {
  const work = countWork()
  app.decorateRequest('endWork')
  app.addHook('onRequest', async (request) => {
    if (request.raw.url && request.raw.url.length > LONGEST_URL) {
      throw new Problem('uri_too_long', {
        en: phrase`The URL is longer than ${LONGEST_URL} characters.`,
        fr: phrase`L’URL dépasse ${LONGEST_URL} caractères.`,
      })
    }
    if (!request.routeOptions.config.answersUnderLoad) work.begin(request)
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    work.end(request)
    done(null, payload)
  })
  app.addHook('preValidation', async (request) => {
    if (!request.routeOptions.config.answersUnderLoad) work.begin(request)
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    work.end(request)
    done(null, payload)
  })
}

function countWork(): { begin(request: FastifyRequest): void; end(request: FastifyRequest): void } {
  const takeForOne = countShares({ ofOne: tooManyUnderWay(MOST_OF_ONE) })
  const takeForPharmacy = countShares({ ofOne: tooManyUnderWay(MOST_OF_ONE_PHARMACY) })
  const take = countShares({
    ofOne: tooManyUnderWay(MOST_OF_ALL_PHARMACIES),
    inAll: {
      most: MOST_IN_FLIGHT,
      problem: () =>
        new Problem('unavailable', {
          en: 'The service has more requests than it can take on. Nothing was done; try again in a moment.',
          fr: 'Le service a plus de requêtes qu’il ne peut en traiter. Rien n’a été fait ; réessayez dans un instant.',
        }),
    },
  })
  return {
    begin(request) {
      const giveBack = (hasSeveral(request.caller) ? takeForPharmacy : takeForOne)(whoseRequest(request))
      try {
        const giveBackToAll = take(whoOf(request))
        request.endWork = () => {
          giveBack()
          giveBackToAll()
        }
      } catch (refusal) {
        giveBack()
        throw refusal
      }
    },
    end(request) {
      request.endWork?.()
      request.endWork = undefined
    },
  }
}

function tooManyUnderWay(most: number) {
  const detail = {
    en: phrase`You have ${most} requests under way. Wait until some are answered.`,
    fr: phrase`Vous avez ${most} requêtes en cours. Attendez que certaines aient reçu leur réponse.`,
  }
  return { most, problem: () => new Problem('rate_limited', detail, { retryAfterSeconds: 1 }) }
}
