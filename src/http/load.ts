import type { FastifyInstance } from 'fastify'
import { Problem } from './problem.ts'

const MOST_IN_FLIGHT = 1_000
const LONGEST_URL = 8_192

/**
 * Refuses excess load before any work is done: beyond 1,000 requests in flight the answer is 503, so that those under
 * way can finish and fewer queue for a database connection. A URL that is too long is 414. Health checks and metrics
 * are always answered.
 */
export function shedLoad(app: FastifyInstance): void {
  let inFlight = 0
  app.addHook('onRequest', async (request, reply) => {
    inFlight++
    reply.raw.once('close', () => inFlight--)
    if (request.raw.url && request.raw.url.length > LONGEST_URL) {
      throw new Problem('uri_too_long', `The URL is longer than ${LONGEST_URL} characters.`)
    }
    if (request.routeOptions.config.answersUnderLoad) return
    if (inFlight > MOST_IN_FLIGHT) {
      throw new Problem(
        'unavailable',
        'The service has more requests than it can take on. Nothing was done; try again in a moment.',
      )
    }
  })
}
