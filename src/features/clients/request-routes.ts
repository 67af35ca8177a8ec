import { effect, writeHeaders } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { confirmRequest, withdrawRequest } from './requests.ts'
import { client, clientParams, requestBody } from './schema.ts'
import { askerOf } from './second-word.ts'

/** What one admin asks for a powerful client is confirmed by another, or withdrawn. */
export function requestRoutes(app: App, { db, config }: Deps): void {
  app.post(
    '/v1/clients/:id/confirmation',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'confirmClientRequest',
        tags: ['access'],
        summary: 'Confirm what another admin asked for a client',
        description:
          'What `awaiting` shows is then done. Never by the admin who asked (403). 404 if the request is no longer open.',
        params: clientParams,
        headers: writeHeaders,
        body: requestBody,
        response: { 200: client, ...problems(401, 403, 404, 'client_revoked', 'client_secrets_full', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request
      return effect(request, reply, { db }, async (tx) =>
        confirmRequest(tx, params.id, body.request, await askerOf(tx, caller, config)),
      )
    },
  )
  app.post(
    '/v1/clients/:id/withdrawal',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'withdrawClientRequest',
        tags: ['access'],
        summary: 'Withdraw what was asked for a client',
        description: 'By any admin, also the one who asked. 404 if the request is no longer open.',
        params: clientParams,
        headers: writeHeaders,
        body: requestBody,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request
      return effect(request, reply, { db }, async (tx) =>
        withdrawRequest(tx, params.id, body.request, await askerOf(tx, caller, config)),
      )
    },
  )
}
