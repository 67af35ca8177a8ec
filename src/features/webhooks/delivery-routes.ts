import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { listDeliveries } from './delivery-queries.ts'
import { readEndpoint } from './endpoints.ts'
import { byClient } from './policy.ts'
import { redeliver, sendTest } from './redeliver.ts'
import {
  deliveryPage,
  deliveryQuery,
  emptyBody,
  endpointParams,
  redelivery,
  redeliveryBody,
  sentTest,
} from './schema.ts'

/** How deliveries to an endpoint went, and what is delivered on demand. */
export function deliveryRoutes(app: App, deps: Deps): void {
  listRoute(app, deps)
  testRoute(app, deps)
  redeliveryRoute(app, deps)
}

function listRoute(app: App, { db, webhookKeys }: Deps): void {
  app.get(
    '/v1/webhook-endpoints/:id/deliveries',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'listWebhookDeliveries',
        tags: ['events'],
        summary: 'List the attempts to deliver to a webhook endpoint, newest first',
        description: 'They are kept for as long as events are.',
        params: endpointParams,
        querystring: deliveryQuery,
        response: { 200: deliveryPage, ...problems(401, 403, 404) },
      },
    },
    async ({ caller, params, query }) => {
      await readEndpoint(db, caller.subject, params.id, webhookKeys)
      const wanted = { event: query.event, before: positionOf(query.cursor, uuid), limit: query.limit + 1 }
      return page(await listDeliveries(db, params.id, wanted), query.limit, ({ id }) => id)
    },
  )
}

function testRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/webhook-endpoints/:id/test',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'testWebhookEndpoint',
        tags: ['events'],
        summary: 'Send a test event to a webhook endpoint',
        description:
          'One attempt, of the type `webhook.test`, signed like any other; the deliveries say how it went. If it arrives, a paused endpoint is active again.',
        params: endpointParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: sentTest, ...problems(401, 403, 404, 'webhook_endpoint_ended', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      return effect(request, reply, { db }, (tx) => sendTest(tx, caller.subject, params.id))
    },
  )
}

function redeliveryRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/webhook-endpoints/:id/redelivery',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'redeliverEvents',
        tags: ['events'],
        summary: 'Deliver events once more',
        description:
          'One event or those of a time, up to 10,000, under their own ids, before what has not been delivered yet. To a paused endpoint they go once it is active.',
        params: endpointParams,
        headers: writeHeaders,
        body: redeliveryBody,
        response: { 200: redelivery, ...problems(401, 403, 404, 'webhook_endpoint_ended', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      return effect(request, reply, { db }, (tx) => redeliver(tx, caller.subject, params.id, body))
    },
  )
}
