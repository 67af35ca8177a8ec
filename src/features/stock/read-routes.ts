import { z } from 'zod'
import { requireOwnOperators } from '../../http/list-filters.ts'
import { page, pageOf, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownHeaders, notModified, unlessKnown } from '../../http/unless-known.ts'
import { versionOfStock } from '../../store/stock-version.ts'
import { listMovements, readStock } from './queries.ts'
import { requireReadablePharmacy } from './readable-pharmacy.ts'
import { type Movement, movement, movementQuery, pharmacyParams, stockLevel } from './schema.ts'

/** What is on the shelves of a pharmacy, and how it came to be. */
export function readRoutes(app: App, { db }: Deps): void {
  app.get(
    '/v1/pharmacies/:finess/stock',
    {
      config: { sends: ['ETag'], policy: { scope: 'stock:read', pharmacy: 'acting', regulator: 'remit' } },
      schema: {
        operationId: 'readStock',
        tags: ['stock'],
        summary: 'Read the stock of a pharmacy, by product',
        params: pharmacyParams,
        headers: knownHeaders,
        response: { 200: z.object({ items: z.array(stockLevel) }), ...notModified, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      await requireReadablePharmacy(db, caller, params.finess)
      return unlessKnown(request, reply, {
        version: () => versionOfStock(db, params.finess),
        read: async () => ({ items: await readStock(db, params.finess) }),
      })
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
