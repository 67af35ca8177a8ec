import { isRefusal } from '../../domain/refusals.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { grantMany } from './grant-many.ts'
import { listGrants } from './grant-queries.ts'
import { actorOf, grantClient, requirePharmacy, withdrawGrant } from './grants.ts'
import {
  clientParams,
  clientQuery,
  emptyBody,
  grant,
  grantPage,
  grantParams,
  grantResults,
  grantsBody,
  grantsParams,
} from './schema.ts'

const byWhom = 'By the pharmacy in its own right, never through a grant, or by an admin who holds its mandate on paper.'

/** Which clients act for a pharmacy: its own decision. */
export function grantRoutes(app: App, deps: Deps): void {
  listRoute(app, deps)
  putRoute(app, deps)
  withdrawalRoute(app, deps)
  manyRoute(app, deps)
}

function listRoute(app: App, { db }: Deps): void {
  app.get(
    '/v1/pharmacies/:finess/grants',
    {
      config: { policy: { scope: 'clients:write', pharmacy: 'itself', admin: 'any' } },
      schema: {
        operationId: 'listGrants',
        tags: ['access'],
        summary: 'List the grants that a pharmacy gave to clients, newest first',
        description: `Including withdrawn ones. ${byWhom}`,
        params: grantsParams,
        querystring: clientQuery,
        response: { 200: grantPage, ...problems(401, 403, 404) },
      },
    },
    async ({ params, query }) => {
      await requirePharmacy(db, params.finess)
      const before = positionOf(query.cursor, uuid)
      return page(await listGrants(db, params.finess, before, query.limit + 1), query.limit, ({ id }) => id)
    },
  )
}

function putRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/pharmacies/:finess/grants/:client',
    {
      config: { policy: { scope: 'clients:write', pharmacy: 'itself', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'grantClient',
        tags: ['access'],
        summary: 'Let a client act for a pharmacy',
        description: `${byWhom} A grant that exists stays as it is. The client’s live tokens work for this pharmacy within a second.`,
        params: grantParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: grant, 201: grant, ...problems(401, 403, 404, 'client_revoked', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      let created = false
      const options = { db, pharmacy: params.finess, status: () => (created ? 201 : 200) }
      return effect(request, reply, options, async (tx) => {
        const granted = await grantClient(tx, params.finess, params.client, await actorOf(tx, caller))
        if (isRefusal(granted)) return granted
        created = granted.created
        return granted.grant
      })
    },
  )
}

function withdrawalRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/pharmacies/:finess/grants/:client/withdrawal',
    {
      config: { policy: { scope: 'clients:write', pharmacy: 'itself', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'withdrawGrant',
        tags: ['access'],
        summary: 'Withdraw a grant',
        description: `${byWhom} The client’s live tokens are refused for this pharmacy within a second, on every instance. Withdrawing it again gives the same answer.`,
        params: grantParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: grant, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      return effect(request, reply, { db, pharmacy: params.finess }, async (tx) =>
        withdrawGrant(tx, params.finess, params.client, await actorOf(tx, caller)),
      )
    },
  )
}

function manyRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/clients/:id/grants',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'grantManyPharmacies',
        tags: ['access'],
        summary: 'Let a client act for many pharmacies',
        description:
          'By an admin who holds their mandates on paper. Each pharmacy has a result, and one that is refused holds up no other. The client’s live tokens work for those granted within a second.',
        params: clientParams,
        headers: writeHeaders,
        body: grantsBody,
        response: { 200: grantResults, ...problems(401, 403, 404, 'client_revoked', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      return effect(request, reply, { db }, async (tx) =>
        grantMany(tx, params.id, body.pharmacies, await actorOf(tx, caller)),
      )
    },
  )
}
