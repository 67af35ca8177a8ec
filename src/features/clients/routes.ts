import type { FastifyReply } from 'fastify'
import { Problem } from '../../domain/problems.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems, uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { changeClient, revokeTokens } from './change-client.ts'
import { createClient } from './create-client.ts'
import { grantRoutes } from './grant-routes.ts'
import { metadataRoute } from './metadata-route.ts'
import { findClient, listClients } from './queries.ts'
import {
  client,
  clientBody,
  clientChange,
  clientPage,
  clientParams,
  clientQuery,
  emptyBody,
  newClient,
  newSecret,
  secretBody,
  secretParams,
} from './schema.ts'
import { makeSecret, type NewSecret } from './secret.ts'
import { addSecret, deleteSecret } from './secrets.ts'
import { tokenRoute } from './token-route.ts'

/** Machines: who they are, what they may, and how they come by tokens. */
export async function clientRoutes(app: App, deps: Deps): Promise<void> {
  readRoutes(app, deps)
  createRoute(app, deps)
  changeRoute(app, deps)
  tokenRevocationRoute(app, deps)
  addSecretRoute(app, deps)
  deleteSecretRoute(app, deps)
  grantRoutes(app, deps)
  metadataRoute(app, deps)
  await tokenRoute(app, deps)
}

function readRoutes(app: App, { db }: Deps): void {
  app.get(
    '/v1/clients',
    {
      config: { policy: ['admin'] },
      schema: {
        operationId: 'listClients',
        tags: ['access'],
        summary: 'List the clients, newest first',
        querystring: clientQuery,
        response: { 200: clientPage, ...problems(401, 403) },
      },
    },
    async ({ query }) =>
      page(await listClients(db.orm, positionOf(query.cursor, uuid), query.limit + 1), query.limit, ({ id }) => id),
  )
  app.get(
    '/v1/clients/:id',
    {
      config: { policy: ['admin'] },
      schema: {
        operationId: 'readClient',
        tags: ['access'],
        summary: 'Read one client',
        params: clientParams,
        response: { 200: client, ...problems(401, 403, 404) },
      },
    },
    async ({ params }) => {
      const found = await findClient(db.orm, params.id)
      if (!found) throw new Problem('not_found', 'There is no such client.')
      return found
    },
  )
}

function createRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/clients',
    {
      config: { policy: ['admin'], changesStanding: true },
      schema: {
        operationId: 'createClient',
        tags: ['access'],
        summary: 'Make a client for a machine',
        description:
          'It authenticates at `/oauth/token` with the secret of this answer, or, where `jwks` is given, with its own keys and no secret. A `pharmacy` client acts for nobody until pharmacies grant it. A client with `clients:write` can make others that may more than itself.',
        headers: writeHeaders,
        body: clientBody,
        response: { 201: newClient, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const secret = body.jwks ? undefined : await makeSecret()
      const created = await effect(request, reply, { db, status: 201 }, (tx) => createClient(tx, body, secret))
      return shownOnce(reply, created, secret)
    },
  )
}

function changeRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/clients/:id',
    {
      config: { policy: ['admin'], changesStanding: true },
      schema: {
        operationId: 'changeClient',
        tags: ['access'],
        summary: 'Change a client',
        description:
          'What is left out is taken away, or as at first. Its tokens already out follow within a second, on every instance. Its role stays, and so do its secrets and grants. `revoked` is for good.',
        params: clientParams,
        headers: writeHeaders,
        body: clientChange,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => effect(request, reply, { db }, (tx) => changeClient(tx, request.params.id, request.body)),
  )
}

function tokenRevocationRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/clients/:id/token-revocation',
    {
      config: { policy: ['admin'], changesStanding: true },
      schema: {
        operationId: 'revokeClientTokens',
        tags: ['access'],
        summary: 'Refuse the tokens that a client holds by now',
        description:
          'Within a second, on every instance. It may get others: delete the secret first that somebody else has.',
        params: clientParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => effect(request, reply, { db }, (tx) => revokeTokens(tx, request.params.id)),
  )
}

function addSecretRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/clients/:id/secrets',
    {
      config: { policy: ['admin'], changesStanding: true },
      schema: {
        operationId: 'addClientSecret',
        tags: ['access'],
        summary: 'Give a client a further secret',
        description: 'Two at most, so that one can take over from the other: then delete the old one.',
        params: clientParams,
        headers: writeHeaders,
        body: secretBody,
        response: { 201: newSecret, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const secret = await makeSecret()
      const kept = await effect(request, reply, { db, status: 201 }, (tx) =>
        addSecret(tx, params.id, secret, body?.expiresAt),
      )
      return shownOnce(reply, kept, secret)
    },
  )
}

function deleteSecretRoute(app: App, { db }: Deps): void {
  app.delete(
    '/v1/clients/:id/secrets/:secret',
    {
      config: { policy: ['admin'], changesStanding: true },
      schema: {
        operationId: 'deleteClientSecret',
        tags: ['access'],
        summary: 'Delete a secret of a client',
        description:
          'Nobody gets a token with it any more. Tokens that are out live on: revoke them where they must not.',
        params: secretParams,
        headers: writeHeaders,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      effect(request, reply, { db }, (tx) => deleteSecret(tx, request.params.id, request.params.secret)),
  )
}

// Added to the answer after it was stored: no secret lies among the idempotency keys.
function shownOnce<T extends object>(
  reply: FastifyReply,
  answer: T,
  secret: NewSecret | undefined,
): T & { secret?: string } {
  if (!secret || reply.hasHeader('idempotency-replayed')) return answer
  return { ...answer, secret: secret.text }
}
