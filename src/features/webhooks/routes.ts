import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { shownOnce } from '../../http/shown-once.ts'
import { guardFor } from '../../http/targets/guard.ts'
import { requireTarget } from '../../http/targets/require-target.ts'
import { logEvents } from '../../store/event-log.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { listEndpoints } from './endpoint-queries.ts'
import { createEndpoint, endpointView, readEndpoint, removeEndpoint, rotateSecret } from './endpoints.ts'
import { byClient } from './policy.ts'
import {
  endpoint,
  endpointBody,
  endpointPage,
  endpointParams,
  endpointQuery,
  newEndpoint,
  rotationBody,
} from './schema.ts'
import { newSeed, secretOf } from './signing.ts'

/** Where clients want events sent, and how that goes. */
export async function webhookRoutes(app: App, deps: Deps): Promise<void> {
  createRoute(app, deps)
  readRoutes(app, deps)
  deleteRoute(app, deps)
  rotationRoute(app, deps)
  deliveryRoutes(app, deps)
}

function createRoute(app: App, { db, config, webhookKeys }: Deps): void {
  const guard = guardFor(config)
  app.post(
    '/v1/webhook-endpoints',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'createWebhookEndpoint',
        tags: ['events'],
        summary: 'Have events sent to a URL',
        description:
          'Each event is posted as `GET /v1/events` shows it, signed after Standard Webhooks, at least once, and in order for each pharmacy: the next waits until the one before has arrived, or is given up after three days. The URL is looked up and judged again for each delivery.',
        headers: writeHeaders,
        body: endpointBody,
        response: {
          201: newEndpoint,
          ...problems(401, 403, 'target_refused', 'webhook_endpoints_full', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { body, caller } = request
      // Waited for before the transaction, and thrown within it: a retry is answered before its target is judged again.
      const [target] = await Promise.allSettled([requireTarget(guard, body.url)])
      await logEvents(db) // So that it is not told of what has happened before.
      const seed = newSeed(webhookKeys)
      const made = await effect(request, reply, { db, status: 201 }, async (tx) => {
        if (target.status === 'rejected') throw target.reason
        return createEndpoint(tx, caller, body, seed, webhookKeys)
      })
      return shownOnce(reply, made, body.signing === 'v1' ? secretOf(webhookKeys, seed) : undefined)
    },
  )
}

function readRoutes(app: App, { db, webhookKeys }: Deps): void {
  app.get(
    '/v1/webhook-endpoints',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'listWebhookEndpoints',
        tags: ['events'],
        summary: 'List the webhook endpoints of the client, newest first',
        querystring: endpointQuery,
        response: { 200: endpointPage, ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const found = await listEndpoints(db, caller.subject, positionOf(query.cursor, uuid), query.limit + 1)
      const views = found.map((each) => endpointView(each, webhookKeys))
      return page(views, query.limit, ({ id }) => id)
    },
  )
  app.get(
    '/v1/webhook-endpoints/:id',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'readWebhookEndpoint',
        tags: ['events'],
        summary: 'Read one webhook endpoint',
        params: endpointParams,
        response: { 200: endpoint, ...problems(401, 403, 404) },
      },
    },
    ({ caller, params }) => readEndpoint(db, caller.subject, params.id, webhookKeys),
  )
}

function deleteRoute(app: App, { db, webhookKeys }: Deps): void {
  app.delete(
    '/v1/webhook-endpoints/:id',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'deleteWebhookEndpoint',
        tags: ['events'],
        summary: 'Delete a webhook endpoint',
        description: 'Nothing is sent to it any more, not even what was waiting. The answer shows it as it was.',
        params: endpointParams,
        headers: writeHeaders,
        response: { 200: endpoint, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      return effect(request, reply, { db }, (tx) => removeEndpoint(tx, caller.subject, params.id, webhookKeys))
    },
  )
}

function rotationRoute(app: App, { db, webhookKeys }: Deps): void {
  app.post(
    '/v1/webhook-endpoints/:id/secret-rotation',
    {
      config: { policy: byClient },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags: ['events'],
        summary: 'Give a webhook endpoint another secret or key pair',
        description:
          'For `overlapHours` messages carry a signature of both. Of two that live, the older ends at once when a third is made.',
        params: endpointParams,
        headers: writeHeaders,
        body: rotationBody,
        response: { 201: newEndpoint, ...problems(401, 403, 404, 'webhook_endpoint_ended', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      const rotation = { seed: newSeed(webhookKeys), overlapHours: body?.overlapHours ?? 24 }
      const made = await effect(request, reply, { db, status: 201 }, (tx) =>
        rotateSecret(tx, caller.subject, params.id, rotation, webhookKeys),
      )
      return shownOnce(reply, made, made.signing === 'v1' ? secretOf(webhookKeys, rotation.seed) : undefined)
    },
  )
}
