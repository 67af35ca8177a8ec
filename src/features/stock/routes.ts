import { countedMasks, singleMaskLines, singleMasks } from '../../domain/packs.ts'
import { isRefusal } from '../../domain/refusals.ts'
import { effect, keyedWriteHeaders, operatorOf, writeHeaders } from '../../http/effects.ts'
import { countedInOneWay } from '../../http/masks.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { packMemory, type WithPacks } from '../../store/packs.ts'
import { count } from './count.ts'
import { countsRoute } from './counts-route.ts'
import { deliver, keptWithDelivery } from './deliver.ts'
import { keptWithMovement, move } from './move.ts'
import { readRoutes } from './read-routes.ts'
import {
  countedLevel,
  delivery,
  deliveryBody,
  movementBody,
  pharmacyParams,
  recordedMovement,
  shelfParams,
} from './schema.ts'
import { statementRoute } from './statement-route.ts'

/** What a pharmacy has on its shelves, and the movements that changed it. */
export async function stockRoutes(app: App, deps: Deps): Promise<void> {
  const withPacks = packMemory()
  countRoute(app, deps, withPacks)
  await countsRoute(app, deps, withPacks)
  movementRoute(app, deps, withPacks)
  deliveryRoute(app, deps, withPacks)
  readRoutes(app, deps)
  statementRoute(app, deps)
}

function countRoute(app: App, { db }: Deps, withPacks: WithPacks): void {
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
        body: countedInOneWay,
        response: {
          200: countedLevel,
          201: countedLevel,
          ...problems(401, 403, 404, 'stock_count_outdated', 'stock_insufficient', 'product_unknown', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy, params, body } = request
      const operator = operatorOf(request)
      let created = false
      return effect(
        request,
        reply,
        { db, pharmacy, keyLife: 'entry', status: () => (created ? 201 : 200) },
        async (tx) => {
          const outcome = await withPacks(tx, [body], async (facts) => {
            const onHand = countedMasks(body, facts, params.product)
            return count(tx, { pharmacy, product: params.product, onHand, countedAt: body.countedAt, operator })
          })
          if (isRefusal(outcome)) return outcome
          created = outcome.created
          return outcome.level
        },
      )
    },
  )
}

function movementRoute(app: App, { db }: Deps, withPacks: WithPacks): void {
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
          ...problems(401, 403, 404, 'product_inactive', 'product_unknown', 'stock_insufficient', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy, body } = request
      const how = { db, pharmacy, keyRequired: true, keyLife: 'entry' as const, kept: keptWithMovement, status: 201 }
      const operator = operatorOf(request)
      return effect(request, reply, how, (tx) =>
        withPacks(tx, [body], async (facts) =>
          move(tx, { ...body, ...singleMasks(body, facts, ''), pharmacy, operator }),
        ),
      )
    },
  )
}

function deliveryRoute(app: App, { db }: Deps, withPacks: WithPacks): void {
  app.post(
    '/v1/pharmacies/:finess/deliveries',
    {
      config: { policy: { scope: 'stock:write', pharmacy: 'acting' } },
      schema: {
        operationId: 'recordDelivery',
        tags: ['stock'],
        summary: 'Record the lines of a delivery note',
        description:
          'All lines or none, one movement of kind `delivery` each. A delivery note that came within 30 days is recorded again, with a warning.',
        params: pharmacyParams,
        headers: keyedWriteHeaders,
        body: deliveryBody,
        response: {
          201: delivery,
          ...problems(401, 403, 404, 'product_inactive', 'product_unknown', 'stock_insufficient', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy, body } = request
      const how = { db, pharmacy, keyRequired: true, keyLife: 'entry' as const, kept: keptWithDelivery, status: 201 }
      const operator = operatorOf(request)
      return effect(request, reply, how, (tx) =>
        withPacks(tx, body.lines, async (facts) =>
          deliver(tx, { ...body, lines: singleMaskLines(body.lines, facts), pharmacy, operator }),
        ),
      )
    },
  )
}
