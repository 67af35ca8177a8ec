import { randomUUID } from 'node:crypto'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { type Role, roles } from '../../src/http/caller.ts'
import type { Policy } from '../../src/http/policy.ts'
import type { TokenRequest } from '../../src/http/tokens.ts'
import { finess, rpps } from './numbers.ts'
import { nameOf, routeTable } from './route-table.ts'
import { minutesAgo } from './times.ts'
import { dispensationBody, ruleBody } from './world.ts'

/** What requests name. */
export interface Objects {
  pharmacy: string
  professional: string
  /** May be cancelled. */
  reservation: string
  /** Another, of several masks, that may be reduced. */
  largerReservation: string
  /** Of another reservation, that stays. */
  pickupCode: string
  dispensation: string
  rule: string
  territory: string
  /** A client that the pharmacy grants, with two secrets. */
  client: string
  /** A client whose grant it has withdrawn. */
  formerClient: string
  /** What the client asks of the pharmacy, with its code, and what the former one does. */
  consent: string
  consentCode: string
  refusedConsent: string
  /** Between two people who are nothing else here. */
  doubt: string
}

/** A route of the application, with a request that is well formed. */
export interface Route {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** As the OpenAPI document writes it. */
  name: string
  path: string
  /** Who may call it; nobody named: anybody, without a token. */
  roles: readonly Role[]
  policy: Policy
  body?: object
  /** A body may be left out altogether. */
  bodyOptional?: true
  /** What whoever may call it is answered. */
  status: number
}

interface Example {
  path?: string
  query?: string
  body?: object
  bodyOptional?: true
  status?: number
}

/** A token's content for each role, such as the routes' requests ask for. */
export const callers: Record<Role, Omit<TokenRequest, 'ttlSeconds'>> = {
  pharmacy: { role: 'pharmacy', subject: 'till', finess: [finess(1)] },
  professional: { role: 'professional', subject: rpps(1) },
  regulator: { role: 'regulator', subject: 'ars', territories: ['FR'] },
  admin: { role: 'admin', subject: 'admin' },
}

const ID = '0197a000-0000-7000-8000-000000000000'

/** Well formed, and nowhere to be found but for what a test has made under these numbers. */
const unmade: Objects = {
  pharmacy: finess(1),
  professional: rpps(1),
  reservation: ID,
  largerReservation: ID,
  pickupCode: '0000-0000',
  dispensation: ID,
  rule: ID,
  territory: 'FR',
  client: ID,
  formerClient: ID,
  consent: ID,
  consentCode: 'code',
  refusedConsent: ID,
  doubt: ID,
}

const place = { latitude: 43.6, longitude: 1.44 }

/** What requests hold beside their path; routes that are not here need nothing. */
const examples: Record<string, (objects: Objects, role: Role | undefined) => Example> = {
  'GET /v1/pharmacies': () => ({ query: 'near=43.6045,1.4440&product=surgical' }),
  'PUT /v1/pharmacies/{finess}/service': () => ({ body: { reservations: true, walkIns: true, liveHolds: 'keep' } }),
  'PUT /v1/pharmacies/{finess}/stock': () => ({
    body: { counts: [{ product: 'surgical', onHand: 10_000, countedAt: minutesAgo(0) }] },
  }),
  'PUT /v1/pharmacies/{finess}/stock/{product}': () => ({ body: { onHand: 10_000, countedAt: minutesAgo(0) } }),
  'POST /v1/pharmacies/{finess}/stock-movements': () => ({
    body: { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt: minutesAgo(0) },
  }),
  'POST /v1/pharmacies/{finess}/offline-batches': ({ professional }) => ({
    body: {
      items: [
        {
          key: randomUUID(),
          kind: 'dispensation',
          body: { ...dispensationBody(professional, 1), dispensedAt: minutesAgo(1) },
        },
      ],
    },
    status: 200,
  }),
  'POST /v1/pharmacies/{finess}/deliveries': () => ({
    body: { reference: 'BL 1', occurredAt: minutesAgo(0), lines: [{ product: 'surgical', quantity: 1 }] },
  }),
  'POST /v1/reservations': ({ pharmacy }) => ({ body: { product: 'surgical', quantity: 1, pharmacy } }),
  'GET /v1/reservations': ({ pharmacy }, role) => (role === 'pharmacy' ? { query: `pharmacy=${pharmacy}` } : {}),
  'POST /v1/reservations/lookup': ({ pickupCode, pharmacy }) => ({ body: { pickupCode, pharmacy } }),
  'POST /v1/reservations/{id}/cancellation': () => ({ body: { reason: 'closed today' }, bodyOptional: true }),
  'POST /v1/reservations/{id}/reduction': ({ largerReservation }) => ({
    path: `/v1/reservations/${largerReservation}/reduction`,
    body: { quantity: 1 },
  }),
  'POST /v1/dispensation-checks': ({ professional, pharmacy }) => ({
    body: dispensationBody(professional, 1, { pharmacy }),
  }),
  'POST /v1/dispensations': ({ professional, pharmacy }) => ({ body: dispensationBody(professional, 1, { pharmacy }) }),
  'GET /v1/dispensations': ({ pharmacy }) => ({ query: `pharmacy=${pharmacy}` }),
  'POST /v1/dispensations/{id}/reversal': () => ({
    body: { kind: 'entry_error', lines: [{ product: 'surgical', quantity: 1 }] },
  }),
  'GET /v1/pharmacies/{finess}/statement': () => ({ query: 'from=2026-11-01&to=2026-11-30' }),
  'GET /v1/ledger/consistency-proof': () => ({ query: 'from=1' }),
  'GET /v1/ledger/inclusion-proof': ({ dispensation }) => ({ query: `entry=${dispensation}` }),
  'PUT /v1/products/{code}': () => ({ body: { name: 'N', kind: 'mask', packs: [], active: true } }),
  'PUT /v1/pharmacies/{finess}': ({ territory }) => ({
    body: { name: 'P', address: 'A', ...place, territory, status: 'active' },
  }),
  'PUT /v1/professionals/{id}': ({ territory }) => ({
    body: {
      profession: '60',
      familyName: 'M',
      givenName: 'C',
      otherIds: [],
      practice: { ...place, territory },
      status: 'active',
    },
  }),
  // 409: what was handed over yesterday or today must be kept.
  'POST /v1/professionals/{id}/erasure': () => ({ body: { authority: 'CNIL', reason: 'R' }, status: 409 }),
  // For people who are nobody in a test, so that no hand-over is judged by it.
  'POST /v1/allocation-rules': ({ territory }) => ({
    body: ruleBody({ territory, beneficiaries: [{ profession: '98' }] }),
  }),
  'POST /v1/allocation-rules/{id}/withdrawal': () => ({ body: {}, bodyOptional: true }),
  'POST /v1/clients': () => ({ body: { name: 'N', role: 'admin', scopes: ['rules:read'] } }),
  'PUT /v1/clients/{id}': () => ({ body: { name: 'N', scopes: ['rules:read'], status: 'active' } }),
  'POST /v1/clients/{id}/token-revocation': () => ({ body: {}, bodyOptional: true }),
  'POST /v1/identity-doubts/{id}/decision': () => ({ body: { decision: 'distinct', reason: 'R' } }),
  // 404: nothing is asked for.
  'POST /v1/clients/{id}/confirmation': () => ({ body: { request: ID }, status: 404 }),
  'POST /v1/clients/{id}/withdrawal': () => ({ body: { request: ID }, status: 404 }),
  'POST /v1/clients/{id}/grants': ({ pharmacy }) => ({ body: { pharmacies: [pharmacy] } }),
  'POST /v1/consents': ({ pharmacy }) => ({ body: { pharmacy } }),
  'POST /v1/consents/{id}/acceptance': ({ consentCode }) => ({ body: { code: consentCode } }),
  'POST /v1/consents/{id}/refusal': ({ refusedConsent }) => ({
    path: `/v1/consents/${refusedConsent}/refusal`,
    body: {},
    bodyOptional: true,
  }),
  // An address, so that no name is looked up.
  'POST /v1/webhook-endpoints': () => ({
    body: { url: 'https://8.8.8.8/hooks', types: [], pharmacies: 'all_granted', signing: 'v1' },
  }),
  // 404: nobody's endpoint has this id.
  'GET /v1/webhook-endpoints/{id}': () => ({ status: 404 }),
  'DELETE /v1/webhook-endpoints/{id}': () => ({ status: 404 }),
  'GET /v1/webhook-endpoints/{id}/deliveries': () => ({ status: 404 }),
  'POST /v1/webhook-endpoints/{id}/secret-rotation': () => ({ body: {}, bodyOptional: true, status: 404 }),
  'POST /v1/webhook-endpoints/{id}/test': () => ({ body: {}, bodyOptional: true, status: 404 }),
  'POST /v1/webhook-endpoints/{id}/redelivery': () => ({ body: { event: ID }, status: 404 }),
  // 409: it has two already.
  'POST /v1/clients/{id}/secrets': () => ({ body: {}, bodyOptional: true, status: 409 }),
  // 404: nobody knows the id of a secret.
  'DELETE /v1/clients/{id}/secrets/{secret}': () => ({ status: 404 }),
  'PUT /v1/pharmacies/{finess}/grants/{client}': () => ({ body: {}, bodyOptional: true }),
  'POST /v1/pharmacies/{finess}/grants/{client}/withdrawal': ({ pharmacy, formerClient }) => ({
    path: `/v1/pharmacies/${pharmacy}/grants/${formerClient}/withdrawal`,
    body: {},
    bodyOptional: true,
  }),
}

/** What stands behind the name of each collection in a path. */
const members: Record<string, (objects: Objects) => string> = {
  pharmacies: ({ pharmacy }) => pharmacy,
  professionals: ({ professional }) => professional,
  reservations: ({ reservation }) => reservation,
  dispensations: ({ dispensation }) => dispensation,
  'allocation-rules': ({ rule }) => rule,
  products: () => 'surgical',
  stock: () => 'surgical',
  clients: ({ client }) => client,
  consents: ({ consent }) => consent,
  grants: ({ client }) => client,
  secrets: () => ID,
  'identity-doubts': ({ doubt }) => doubt,
  'webhook-endpoints': () => ID,
}

/**
 * Every route of an application under /v1, from its own table, with a request about these objects, else about none that
 * exist, as one of this role asks. Throws where it does not know how to ask.
 */
export function routesOf(app: FastifyInstance, objects: Partial<Objects> = {}, role?: Role): Route[] {
  return routeTable(app)
    .filter(({ url, method }) => url.startsWith('/v1/') && method !== 'HEAD')
    .map((route) => routeOf(route, { ...unmade, ...objects }, role))
}

function routeOf(route: RouteOptions, objects: Objects, role: Role | undefined): Route {
  const name = nameOf(route)
  const policy = route.config?.policy
  if (policy === undefined) throw new Error(`${name} has no policy`)
  const { query, body, ...more } = examples[name]?.(objects, role) ?? {}
  if ((route.schema?.body === undefined) !== (body === undefined)) throw new Error(`${name} has no example of a body`)
  const path = route.url.replace(/([^/]+)\/:\w+/g, (_, collection) => {
    const member = members[collection]?.(objects)
    if (member === undefined) throw new Error(`${name}: nobody knows a member of ${collection}`)
    return `${collection}/${member}`
  })
  return {
    method: route.method as Route['method'],
    name,
    policy,
    path: query === undefined ? path : `${path}?${query}`,
    roles: policy === 'public' ? [] : roles.filter((each) => policy[each] !== undefined),
    status: Math.min(...Object.keys(route.schema?.response ?? {}).map(Number)),
    ...(body && { body }),
    ...more,
  }
}
