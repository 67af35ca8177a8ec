import { effect, writeHeaders } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { shownOnce } from '../../http/shown-once.ts'
import { client, clientParams, newSecret, secretBody, secretParams } from './schema.ts'
import { askerOf } from './second-word.ts'
import { makeSecret } from './secret.ts'
import { addSecret, deleteSecret } from './secrets.ts'

/** Secrets are added and deleted, so that one can take over from another. */
export function secretRoutes(app: App, deps: Deps): void {
  addSecretRoute(app, deps)
  deleteSecretRoute(app, deps)
}

function addSecretRoute(app: App, { db, config }: Deps): void {
  app.post(
    '/v1/clients/:id/secrets',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'addClientSecret',
        tags: ['access'],
        summary: 'Give a client another secret',
        description:
          'At most two, so that a new one can take over from the old, which is then deleted. 202 if it works only once another admin has confirmed it.',
        params: clientParams,
        headers: writeHeaders,
        body: secretBody,
        response: {
          201: newSecret,
          202: newSecret,
          ...problems(401, 403, 404, 'client_revoked', 'client_secrets_full', 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request
      const secret = await makeSecret()
      const status = ({ awaiting }: { awaiting: string | null }) => (awaiting === null ? 201 : 202)
      const kept = await effect(request, reply, { db, status }, async (tx) =>
        addSecret(tx, params.id, secret, await askerOf(tx, caller, config), body?.expiresAt),
      )
      return shownOnce(reply, kept, secret.text)
    },
  )
}

function deleteSecretRoute(app: App, { db }: Deps): void {
  app.delete(
    '/v1/clients/:id/secrets/:secret',
    {
      config: { policy: { scope: 'clients:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'deleteClientSecret',
        tags: ['access'],
        summary: 'Delete a secret of a client',
        description: 'Nobody gets a token with it any more. Tokens already issued stay valid unless they are revoked.',
        params: secretParams,
        headers: writeHeaders,
        response: { 200: client, ...problems(401, 403, 404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      effect(request, reply, { db }, (tx) => deleteSecret(tx, request.params.id, request.params.secret)),
  )
}
