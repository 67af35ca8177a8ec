import type { Queryable } from '../../db/database.ts'
import type { Caller } from '../../http/caller.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { page, positionOf } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { uuid } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { listConsents } from './consent-queries.ts'
import {
  acceptance,
  consent,
  consentBody,
  consentPage,
  consentParams,
  consentQuery,
  newConsent,
} from './consent-schema.ts'
import { acceptConsent, askConsent, makeCode, partyOf, read, refuseConsent } from './consents.ts'
import { emptyBody } from './schema.ts'

/** A client asks a pharmacy to act for it, and the pharmacy answers. */
export function consentRoutes(app: App, deps: Deps): void {
  askRoute(app, deps)
  readRoutes(app, deps)
  acceptRoute(app, deps)
  refuseRoute(app, deps)
}

function askRoute(app: App, { db, config: { PUBLIC_URL } }: Deps): void {
  app.post(
    '/v1/consents',
    {
      config: { policy: { scope: null, pharmacy: 'asking' }, isAdministration: true },
      schema: {
        operationId: 'askConsent',
        tags: ['access'],
        summary: 'Ask a pharmacy to act for it',
        description:
          'Send the pharmacy the link or the code: it accepts with its own token, within 14 days. Asking again replaces what was asked before; a pharmacy may be asked five times a day.',
        headers: writeHeaders,
        body: consentBody,
        response: { 201: newConsent, ...problems(401, 403, 404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, body } = request
      const code = makeCode()
      const asked = await effect(request, reply, { db, status: 201 }, (tx) =>
        askConsent(tx, caller.subject, body.pharmacy, code),
      )
      // Added after the answer is stored, so that no code is stored with it.
      if (reply.hasHeader('idempotency-replayed')) return asked
      // Behind the #, so that no server on the way is told.
      const link = PUBLIC_URL === undefined ? {} : { link: `${PUBLIC_URL}/consents/${asked.id}#${code.text}` }
      return { ...asked, code: code.text, ...link }
    },
  )
}

function readRoutes(app: App, { db }: Deps): void {
  app.get(
    '/v1/consents',
    {
      config: { policy: { scope: null, pharmacy: 'listed' } },
      schema: {
        operationId: 'listConsents',
        tags: ['access'],
        summary: 'List what clients ask of pharmacies, newest first',
        description: 'For a client what it asked for, for a pharmacy’s own token what is asked of it.',
        querystring: consentQuery,
        response: { 200: consentPage, ...problems(401, 403) },
      },
    },
    async ({ caller, query }) => {
      const before = positionOf(query.cursor, uuid)
      const found = await listConsents(db, partyOf(caller), { ...query, before, limit: query.limit + 1 })
      return page(found, query.limit, ({ id }) => id)
    },
  )
  app.get(
    '/v1/consents/:id',
    {
      config: { policy: { scope: null, pharmacy: 'party' } },
      schema: {
        operationId: 'readConsent',
        tags: ['access'],
        summary: 'Read what a client asks of a pharmacy',
        params: consentParams,
        response: { 200: consent, ...problems(401, 403, 404) },
      },
    },
    ({ caller, params }) => read(db, params.id, partyOf(caller)),
  )
}

function acceptRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/consents/:id/acceptance',
    {
      config: { policy: { scope: 'clients:write', pharmacy: 'asked' }, changesStanding: true },
      schema: {
        operationId: 'acceptConsent',
        tags: ['access'],
        summary: 'Let the client that asks act for the pharmacy',
        description:
          'By the pharmacy in its own right, with the code that the client has sent it; another code is 404. It is then a grant like any other. Accepting again gives the same answer.',
        params: consentParams,
        headers: writeHeaders,
        body: acceptance,
        response: { 200: consent, ...problems(401, 403, 404, 'consent_ended', 'client_revoked', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      const pharmacy = await askedOf(db, params.id, caller)
      return effect(request, reply, { db, pharmacy }, (tx) => acceptConsent(tx, params.id, body.code, caller))
    },
  )
}

function refuseRoute(app: App, { db }: Deps): void {
  app.post(
    '/v1/consents/:id/refusal',
    {
      config: { policy: { scope: 'clients:write', pharmacy: 'asked' }, isAdministration: true },
      schema: {
        operationId: 'refuseConsent',
        tags: ['access'],
        summary: 'Refuse what a client asks for',
        description: 'By the pharmacy in its own right; no code is needed. Refusing again gives the same answer.',
        params: consentParams,
        headers: writeHeaders,
        body: emptyBody,
        response: { 200: consent, ...problems(401, 403, 404, 'consent_ended', 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params } = request
      const pharmacy = await askedOf(db, params.id, caller)
      return effect(request, reply, { db, pharmacy }, (tx) => refuseConsent(tx, params.id, caller))
    },
  )
}

/** The pharmacy of the caller's that was asked: part of the scope of its key. Throws `not_found`. */
async function askedOf(db: Queryable, id: string, caller: Caller): Promise<string> {
  return (await read(db, id, partyOf(caller))).pharmacy.finess
}
