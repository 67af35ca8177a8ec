import { finished, Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { phrase } from '../domain/language.ts'
import { whoOf } from './caller.ts'
import { Problem } from './problem.ts'
import { countShares } from './shares.ts'

const MOST_OF_ONE = 2

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route that may read much: a caller has two of all these under way at most. */
    isHeavy?: true
  }
  interface FastifyRequest {
    /** Gives the place of a heavy reading back. */
    endReading: (() => void) | undefined
  }
}

/**
 * Limits how many heavy readings a caller has under way, so that none takes all the connections for audits. One counts
 * until its answer is ready, or a streamed one until its stream has ended, which it does with its reader. A reader who
 * has gone lets the statement that runs come to its end, which the database sees to: no more connections are in use
 * than are counted.
 */
export function limitHeavyReadings(app: FastifyInstance): void {
  const take = countShares({
    ofOne: {
      most: MOST_OF_ONE,
      problem: () =>
        new Problem(
          'rate_limited',
          {
            en: phrase`You have ${MOST_OF_ONE} audits, exports or downloads under way. Wait until one is answered, then try again.`,
            fr: phrase`Vous avez ${MOST_OF_ONE} audits, exports ou téléchargements en cours. Attendez la réponse à l’un d’eux, puis réessayez.`,
          },
          { retryAfterSeconds: 2 },
        ),
    },
  })
  const begin = async (request: FastifyRequest) => {
    request.endReading ??= take(whoOf(request))
  }
  const end = async ({ endReading }: FastifyRequest, _reply: unknown, payload: unknown) => {
    if (endReading && payload instanceof Readable) finished(payload, endReading)
    else endReading?.()
  }
  app.decorateRequest('endReading')
  app.addHook('onRoute', (route) => {
    if (!route.config?.isHeavy) return
    route.preHandler = [begin, ...[route.preHandler ?? []].flat()]
    route.onSend = [end, ...[route.onSend ?? []].flat()]
  })
}
