import type { App } from '../../http/service.ts'
import { knownHeaders } from '../../http/unless-known.ts'
import { infoOf, pageOfPharmacies, saleOf, storesAt, storesNear } from './korean.ts'
import { type Answer, open, otherwise } from './open-route.ts'
import { byAddressQuery, byGeoQuery, pageQuery, sales, storeInfos, stores, storesAtAddress } from './schema.ts'
import type { Snapshot } from './snapshot.ts'

const BASE = '/corona19-masks/v1'
const DESCRIPTION =
  'As in the interface that South Korea opened in March 2020, for programs that have a client of it. Available once the operator has set OPEN_DATA.'

// Every answer says when it was made, and so no older one is the same.
const version = ({ at, files }: Snapshot) => `${at} ${files.ndjson.version}`

/** The paths of the Korean interface. */
export function koreanRoutes(app: App, answer: Answer): void {
  searchRoutes(app, answer)
  listRoutes(app, answer)
}

function searchRoutes(app: App, answer: Answer): void {
  app.get(
    `${BASE}/storesByGeo/json`,
    {
      ...open,
      schema: {
        operationId: 'findStoresByGeo',
        tags: ['open data'],
        summary: 'The pharmacies around a place, nearest first',
        description: DESCRIPTION,
        querystring: byGeoQuery,
        headers: knownHeaders,
        response: { 200: stores, ...otherwise },
      },
    },
    (request, reply) => {
      const { lat, lng, m } = request.query
      const read = (snapshot: Snapshot) => counted(storesNear(snapshot, { latitude: lat, longitude: lng }, m))
      return answer(request, reply, { version, read })
    },
  )
  app.get(
    `${BASE}/storesByAddr/json`,
    {
      ...open,
      schema: {
        operationId: 'findStoresByAddress',
        tags: ['open data'],
        summary: 'The pharmacies of a town, by their address',
        description: DESCRIPTION,
        querystring: byAddressQuery,
        headers: knownHeaders,
        response: { 200: storesAtAddress, ...otherwise },
      },
    },
    (request, reply) => {
      const { address } = request.query
      const read = (snapshot: Snapshot) => ({ address, ...counted(storesAt(snapshot, address)) })
      return answer(request, reply, { version, read })
    },
  )
}

function counted<T>(found: T[]): { count: number; stores: T[] } {
  return { count: found.length, stores: found }
}

function listRoutes(app: App, answer: Answer): void {
  app.get(
    `${BASE}/stores/json`,
    {
      ...open,
      schema: {
        operationId: 'listStores',
        tags: ['open data'],
        summary: 'All pharmacies, without what they have',
        description: DESCRIPTION,
        querystring: pageQuery,
        headers: knownHeaders,
        response: { 200: storeInfos, ...otherwise },
      },
    },
    (request, reply) => {
      const read = (snapshot: Snapshot) => {
        const { told, found } = pageOfPharmacies(snapshot, request.query)
        return { ...told, storeInfos: found.map(infoOf) }
      }
      return answer(request, reply, { version, read })
    },
  )
  app.get(
    `${BASE}/sales/json`,
    {
      ...open,
      schema: {
        operationId: 'listSales',
        tags: ['open data'],
        summary: 'What all pharmacies have, without where they are',
        description: DESCRIPTION,
        querystring: pageQuery,
        headers: knownHeaders,
        response: { 200: sales, ...otherwise },
      },
    },
    (request, reply) => {
      const read = (snapshot: Snapshot) => {
        const { told, found } = pageOfPharmacies(snapshot, request.query)
        return { ...told, sales: found.map((each) => saleOf(each, snapshot.createdAt)) }
      }
      return answer(request, reply, { version, read })
    },
  )
}
