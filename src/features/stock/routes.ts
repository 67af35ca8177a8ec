import { z } from 'zod'
import { isRefusal } from '../../domain/refusals.ts'
import { effect, keyedWriteHeaders, operatorOf, writeHeaders } from '../../http/effects.ts'
import { requireOwnOperators } from '../../http/list-filters.ts'
import { page, pageOf, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { count } from './count.ts'
import { keptWithMovement, move } from './move.ts'
import { listMovements, readStock } from './queries.ts'
import { requireReadablePharmacy } from './readable-pharmacy.ts'
import {
  countBody,
  type Movement,
  movement,
  movementBody,
  movementQuery,
  pharmacyParams,
  recordedMovement,
  shelfParams,
  stockLevel,
} from './schema.ts'
import { statementRoute } from './statement-route.ts'

/** What a pharmacy has on its shelves, and the movements that changed it. */
export async function stockRoutes(app: App, deps: Deps): Promise<void> {
  countRoute(app, deps)
  movementRoute(app, deps)
  readRoutes(app, deps)
  statementRoute(app, deps)
}

function countRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/pharmacies/:finess/stock/:product',
    {
      config: { policy: { scope: 'stock:write', pharmacy: 'acting' } },
      schema: {
        operationId: 'countStock',
        tags: ['stock'],
        summary: 'Declare a count',
        description:
          'On hand becomes the count plus the movements since `countedAt`. When the newest live reservations no longer fit they are cancelled (`stock_shortfall`).',
        params: shelfParams,
        headers: writeHeaders,
        body: countBody,
        response: {
          200: stockLevel,
          201: stockLevel,
          ...problems(401, 403, 404, 'stock_count_outdated', 'stock_insufficient', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy } = request
      let created = false
      return effect(
        request,
        reply,
        { db, pharmacy, keyLife: 'entry', status: () => (created ? 201 : 200) },
        async (tx) => {
          const outcome = await count(tx, {
            pharmacy,
            product: request.params.product,
            ...request.body,
            operator: operatorOf(request),
          })
          if (isRefusal(outcome)) return outcome
          created = outcome.created
          return outcome.level
        },
      )
    },
  )
}

function movementRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/pharmacies/:finess/stock-movements',
    {
      config: { policy: { scope: 'stock:write', pharmacy: 'acting' } },
      schema: {
        operationId: 'moveStock',
        tags: ['stock'],
        summary: 'Record a delivery, loss, return or transfer',
        description:
          'Returns and transfers above what is available are refused. A loss is always taken, down to 0. What occurred before the newest count is taken whole, and changes nothing on hand: the count has seen it. There is no correction: count again.',
        params: pharmacyParams,
        headers: keyedWriteHeaders,
        body: movementBody,
        response: {
          201: recordedMovement,
          ...problems(401, 403, 404, 'product_inactive', 'stock_insufficient', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy } = request
      const how = { db, pharmacy, keyRequired: true, keyLife: 'entry' as const, kept: keptWithMovement, status: 201 }
      return effect(request, reply, how, (tx) => move(tx, { ...request.body, pharmacy, operator: operatorOf(request) }))
    },
  )
}

function readRoutes(app: App, { db }: Deps): void {
  app.get(
    '/v1/pharmacies/:finess/stock',
    {
      config: { policy: { scope: 'stock:read', pharmacy: 'acting', regulator: 'remit' } },
      schema: {
        operationId: 'readStock',
        tags: ['stock'],
        summary: 'Read the stock of a pharmacy, by product',
        params: pharmacyParams,
        response: { 200: z.object({ items: z.array(stockLevel) }), ...problems(401, 403, 404) },
      },
    },
    async ({ caller, params }) => {
      await requireReadablePharmacy(db, caller, params.finess)
      return { items: await readStock(db, params.finess) }
    },
  )
  app.get(
    '/v1/pharmacies/:finess/stock-movements',
    {
      config: { policy: { scope: 'stock:read', pharmacy: 'acting', regulator: 'remit' } },
      schema: {
        operationId: 'listMovements',
        tags: ['stock'],
        summary: 'List the movements of a pharmacy, newest first',
        params: pharmacyParams,
        querystring: movementQuery,
        response: { 200: pageOf(movement), ...problems(401, 403, 404) },
      },
    },
    async ({ caller, params, query }) => {
      await requireReadablePharmacy(db, caller, params.finess)
      const { limit, cursor, ...filter } = query
      requireOwnOperators(caller, filter)
      const found = await listMovements(db, params.finess, filter, {
        before: positionOf(cursor, uuid),
        limit: limit + 1,
      })
      const { items, nextCursor } = page(found, limit, ({ id }) => id)
      return { items: caller.role === 'pharmacy' ? items : items.map(withoutOperator), nextCursor }
    },
  )
}

function withoutOperator({ operator: _, ...movement }: Movement): Movement {
  return movement
}
