import { z } from 'zod'
import { operatorHeader, operatorOf } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import { finess } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { validatorCompiler } from '../../http/validation.ts'
import { batchAnswer, batchBody, envelope, type Kinds } from './schema.ts'
import { takeBatch } from './take.ts'

// An item has no connection, token or body of its own, and after an outage everybody sends some.
const ITEMS_AS_ONE_REQUEST = 10

const describe = (days: number) =>
  `What was handed over, taken back, moved or counted while the service could not be reached. Each item has the body of its online call, with the time when it happened. They are taken in the order of their times, each on its own, and are never dropped: what the online call would have refused is recorded and flagged.

Refused are only items that cannot be read, that happened in the future or more than ${days} days ago, another pharmacy’s reservation, and what no record can hold, such as more taken back than was handed over. Send refused items again once they are right; the others are replayed. 503: send the whole batch again.

A batch counts towards the limits of requests as one for every ${ITEMS_AS_ONE_REQUEST} of its items.`

/** What pharmacies did off line. */
export async function offlineBatchRoutes(app: App, { db, config }: Deps, kinds: Kinds): Promise<void> {
  app.post(
    '/v1/pharmacies/:finess/offline-batches',
    {
      config: { sends: ['Content-Language'], policy: { scope: 'dispensations:write', pharmacy: 'acting' } },
      // One item that cannot be read must not hold up the others.
      validatorCompiler: (route) =>
        validatorCompiler(route.httpPart === 'body' ? { ...route, schema: envelope } : (route as never)),
      schema: {
        operationId: 'recordOffline',
        tags: ['dispensations'],
        summary: 'Record what happened off line',
        description: describe(config.OFFLINE_MAX_DAYS),
        params: z.strictObject({ finess }),
        headers: operatorHeader,
        body: batchBody(kinds),
        response: { 200: batchAnswer, ...problems(401, 403, 413, 415) },
      },
    },
    async (request, reply) => {
      const items: readonly unknown[] = request.body.items
      operatorOf(request)
      await app.countAlso(request, Math.floor((items.length - 1) / ITEMS_AS_ONE_REQUEST))
      return takeBatch(request, reply, items, { db, kinds })
    },
  )
}
