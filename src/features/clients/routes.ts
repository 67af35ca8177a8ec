import { noSuch } from '../../domain/named.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { shownOnce } from '../../http/shown-once.ts'
import { changeClient, revokeTokens } from './change-client.ts'
import { consentRoutes } from './consent-routes.ts'
import { createClient } from './create-client.ts'
import { grantRoutes } from './grant-routes.ts'
import { metadataRoute } from './metadata-route.ts'
import { findClient, listClients } from './queries.ts'
import { requestRoutes } from './request-routes.ts'
import {
  type Client,
  client,
  clientBody,
  clientChange,
  clientPage,
  clientParams,
  clientQuery,
  emptyBody,
  newClient,
} from './schema.ts'
import { askerOf } from './second-word.ts'
import { makeSecret } from './secret.ts'
import { secretRoutes } from './secret-routes.ts'
import { tokenRoute } from './token-route.ts'

/** Machines: who they are, what they may do, and how they get tokens. */
export async function clientRoutes(app: App, deps: Deps): Promise<void> {
  readRoutes(app, deps)
  createRoute(app, deps)
  changeRoute(app, deps)
  tokenRevocationRoute(app, deps)
  requestRoutes(app, deps)
  secretRoutes(app, deps)
  grantRoutes(app, deps)
  consentRoutes(app, deps)
  metadataRoute(app, deps)
  await tokenRoute(app, deps)
}

function readRoutes(app: App, { db }: Deps): void {
  app.get(
    '/v1/clients',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' } },
      schema: {
        operationId: 'listClients',
        tags: ['access'],
        summary: 'List the clients, newest first',
        querystring: clientQuery,
        response: { 200: clientPage, ...problems(401, 403) },
      },
    },
    async ({ query }) =>
      page(await listClients(db, positionOf(query.cursor, uuid), query.limit + 1), query.limit, ({ id }) => id),
  )
  app.get(
    '/v1/clients/:id',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' } },
      schema: {
        operationId: 'readClient',
        tags: ['access'],
        summary: 'Read one client',
        params: clientParams,
        response: { 200: client, ...problems(401, 403, 404) },
      },
    },
    async ({ params }) => {
      const found = await findClient(db, params.id)
      if (!found) throw noSuch('client')
      return found
    },
  )
}

function createRoute(app: App, { db, config }: Deps): void {
  app.post(
    '/v1/clients',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'createClient',
        tags: ['access'],
        summary: 'Make a client for a machine',
        description:
          'It authenticates at `/oauth/token` with the secret in this answer or, if `jwks` is given, with its own keys and no secret. A `pharmacy` client acts for nobody until pharmacies grant it. A client with `clients:write` can make clients that may do more than itself; where two admins are needed (`FOUR_EYES`), one of role regulator, with `directory:write`, or an admin’s with `clients:write`, is suspended until another admin confirms what `awaiting` shows.',
        headers: writeHeaders,
        body: clientBody,
        response: { 201: newClient, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { body, caller } = request
      const secret = body.jwks ? undefined : await makeSecret()
      const created = await effect(request, reply, { db, status: 201 }, async (tx) =>
        createClient(tx, body, secret, await askerOf(tx, caller, config)),
      )
      return shownOnce(reply, created, secret?.text)
    },
  )
}

function changeRoute(app: App, { db, config }: Deps): void {
  app.put(
    '/v1/clients/:id',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'changeClient',
        tags: ['access'],
        summary: 'Change a client',
        description:
          'What is left out is removed or reset to its default. Tokens already issued follow within a second, on every instance. The role, secrets and grants stay. `revoked` is for good. 202 if it is done only once another admin has confirmed what `awaiting` shows; until then the client stays as it is, and any other change withdraws the request.',
        params: clientParams,
        headers: writeHeaders,
        body: clientChange,
        response: { 200: client, 202: client, ...problems(401, 403, 404, 'client_revoked', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request
      const status = ({ awaiting }: Client) => (awaiting === null ? 200 : 202)
      return effect(request, reply, { db, status }, async (tx) =>
        changeClient(tx, params.id, body, await askerOf(tx, caller, config)),
      )
    },
  )
}

function tokenRevocationRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/clients/:id/token-revocation',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'revokeClientTokens',
        tags: ['access'],
        summary: 'Refuse the tokens issued to a client so far',
        description:
          'Within a second, on every instance. The client may get new ones: if somebody else has its secret, delete that first.',
        params: clientParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => effect(request, reply, { db }, (tx) => revokeTokens(tx, request.params.id)),
  )
}
