import { noSuch } from '../../domain/named.ts'
import { effect, writeHeaders } from '../../http/effects.ts'
import { everyone } from '../../http/policy.ts'
import { problems } from '../../http/problems.ts'
import { readAged } from '../../http/replica.ts'
import type { App, Deps } from '../../http/service.ts'
import { knownHeaders, notModified, unlessKnown } from '../../http/unless-known.ts'
import { versionOfStock } from '../../store/stock-version.ts'
import { findNearest } from './find-nearest.ts'
import { putPharmacy } from './put-pharmacy.ts'
import { findPharmacy } from './queries.ts'
import { nearestPage, nearestQuery, pharmacy, pharmacyBody, pharmacyParams } from './schema.ts'
import { serviceRoute } from './service-route.ts'

/** Where pharmacies are, and which of them have stock. */
export async function pharmacyRoutes(app: App, deps: Deps): Promise<void> {
  searchRoute(app, deps)
  readRoute(app, deps)
  putRoute(app, deps)
  serviceRoute(app, deps)
}

function searchRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/pharmacies',
    {
      config: { sends: ['Age'], policy: { scope: 'stock:read', ...everyone } },
      schema: {
        operationId: 'findNearestPharmacies',
        tags: ['stock'],
        summary: 'Find the nearest pharmacies that have a product now',
        description:
          'Active pharmacies with the quantity available, nearest first, but for those whose own notice (`service`) turns everybody away; `nextCursor` is always null: to see more, raise the limit or search from another place.',
        querystring: nearestQuery,
        response: { 200: nearestPage, ...problems(401, 403) },
      },
    },
    async ({ query }, reply) => {
      const items = await readAged(deps, reply, (from) => findNearest(from.readings, query))
      reply.type('application/json; charset=utf-8').serializer(String)
      return `{"items":${items},"nextCursor":null}` as never
    },
  )
}

function readRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/pharmacies/:finess',
    {
      config: { sends: ['Age', 'ETag'], policy: { scope: 'stock:read', ...everyone } },
      schema: {
        operationId: 'readPharmacy',
        tags: ['stock'],
        summary: 'Read one pharmacy with its stock',
        params: pharmacyParams,
        headers: knownHeaders,
        response: { 200: pharmacy, ...notModified, ...problems(401, 403, 404) },
      },
    },
    (request, reply) => {
      const { finess } = request.params
      return readAged(deps, reply, ({ readings }) =>
        unlessKnown(request, reply, {
          version: () => versionOfStock(readings, finess),
          read: async () => {
            const found = await findPharmacy(readings, finess)
            if (!found) throw noSuch('pharmacy')
            return found
          },
        }),
      )
    },
  )
}

function putRoute(app: App, { db }: Deps): void {
  app.put(
    '/v1/pharmacies/:finess',
    {
      config: { policy: { scope: 'directory:write', admin: 'any' }, changesStanding: true },
      schema: {
        operationId: 'putPharmacy',
        tags: ['reference data'],
        summary: 'Put a pharmacy in or change it',
        description:
          'What is left out is removed; the stock is kept and moves with the pharmacy. Unless `status` is `active`, its live reservations are cancelled, so that they use up nobody’s entitlement.',
        params: pharmacyParams,
        headers: writeHeaders,
        body: pharmacyBody,
        response: { 200: pharmacy, 201: pharmacy, ...problems(401, 403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      let created = false
      return effect(request, reply, { db, status: () => (created ? 201 : 200) }, async (tx) => {
        const put = await putPharmacy(tx, request.params.finess, request.body)
        created = put.created
        return put.pharmacy
      })
    },
  )
}
