import type { FastifyInstance, FastifyRequest } from 'fastify'
import { whoOf } from './caller.ts'
import { Problem } from './problem.ts'
import { countShares } from './shares.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives back the place that the request takes up while it is worked on. */
    endWork: (() => void) | undefined
  }
}

const MOST_IN_FLIGHT = 1_000
const MOST_OF_ONE = 250
const LONGEST_URL = 8_192

/**
 * Refuses excess load before any work is done: beyond 1,000 requests in flight the answer is 503, so that those under
 * way can finish and fewer queue for a database connection. One caller, or one address while it has not said who calls,
 * has a quarter of that, beyond which it alone gets 429. In flight is what is worked on: neither a body that has yet to
 * come counts nor an answer that has yet to be read. A URL that is too long is 414. Health checks are always answered.
 */
export function shedLoad(app: FastifyInstance): void {
  const work = countWork()
  app.decorateRequest('endWork')
  app.addHook('onRequest', async (request) => {
    if (request.raw.url && request.raw.url.length > LONGEST_URL) {
      throw new Problem('uri_too_long', `The URL is longer than ${LONGEST_URL} characters.`)
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
  const take = countShares({
    ofOne: {
      most: MOST_OF_ONE,
      problem: () =>
        new Problem('rate_limited', `You have ${MOST_OF_ONE} requests under way. Wait until some are answered.`, {
          retryAfterSeconds: 1,
        }),
    },
    inAll: {
      most: MOST_IN_FLIGHT,
      problem: () =>
        new Problem(
          'unavailable',
          'The service has more requests than it can take on. Nothing was done; try again in a moment.',
        ),
    },
  })
  return {
    begin(request) {
      request.endWork = take(whoOf(request))
    },
    end(request) {
      request.endWork?.()
      request.endWork = undefined
    },
  }
}
