import { isRefusal } from '../../domain/refusals.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { listGrants } from './grant-queries.ts'
import { actorOf, grantClient, requirePharmacy, withdrawGrant } from './grants.ts'
import { clientQuery, emptyBody, grant, grantPage, grantParams, grantsParams } from './schema.ts'

const byWhom = 'By the pharmacy in its own right, never through a grant, or by an admin who holds its mandate on paper.'

/** Which clients act for a pharmacy: its own decision. */
export function grantRoutes(app: App, deps: Deps): void {
  listRoute(app, deps)
  putRoute(app, deps)
  withdrawalRoute(app, deps)
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
