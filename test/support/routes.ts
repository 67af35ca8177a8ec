import type { Role } from '../../src/http/caller.ts'
import type { TokenRequest } from '../../src/http/keys.ts'
import { finess, rpps } from './numbers.ts'
import { minutesAgo } from './times.ts'
import { dispensationBody, ruleBody } from './world.ts'

/** A route as the contract has it, with a request that is well formed; what the request names need not exist. */
export interface Route {
  method: 'GET' | 'PUT' | 'POST'
  /** As the OpenAPI document writes it. */
  template: string
  path: string
  /** Who may call it; nobody named: anybody, without a token. */
  roles: readonly Role[]
  body?: object
  /** A body may be left out altogether. */
  bodyOptional?: true
}

const EVERYBODY = ['pharmacy', 'professional', 'regulator', 'admin'] as const
const PHARMACY = finess(1)
const ID = '0197a000-0000-7000-8000-000000000000'
const SHELF = `/v1/pharmacies/${PHARMACY}/stock`
const AT = minutesAgo(1)

const pharmacyBody = { name: 'P', address: 'A', latitude: 43.6, longitude: 1.44, territory: 'FR-31', status: 'active' }
const professionalBody = { profession: '60', familyName: 'M', givenName: 'C', otherIds: [], status: 'active' }
const movementBody = { product: 'surgical', kind: 'delivery', quantity: 1, occurredAt: AT }

/** A token's content for each role, such as the routes' requests ask for. */
export const callers: Record<Role, Omit<TokenRequest, 'ttlSeconds'>> = {
  pharmacy: { role: 'pharmacy', subject: 'till', finess: [PHARMACY] },
  professional: { role: 'professional', subject: rpps(1) },
  regulator: { role: 'regulator', subject: 'ars', territories: ['FR'] },
  admin: { role: 'admin', subject: 'admin' },
}

/** Every route of the API that reads or writes the database, with who may call it, from the contract's tables. */
export const routes: readonly Route[] = [
  get('/v1/products', []),
  get('/v1/pharmacies', EVERYBODY, '/v1/pharmacies?near=43.6045,1.4440&product=surgical'),
  get('/v1/pharmacies/{finess}', EVERYBODY, `/v1/pharmacies/${PHARMACY}`),
  get('/v1/pharmacies/{finess}/stock', ['pharmacy', 'regulator'], SHELF),
  put('/v1/pharmacies/{finess}/stock/{product}', ['pharmacy'], `${SHELF}/surgical`, { onHand: 1, countedAt: AT }),
  post('/v1/pharmacies/{finess}/stock-movements', ['pharmacy'], `${SHELF}-movements`, movementBody),
  get('/v1/pharmacies/{finess}/stock-movements', ['pharmacy', 'regulator'], `${SHELF}-movements`),
  get('/v1/entitlements/me', ['professional']),
  get(
    '/v1/professionals/{id}/entitlements',
    ['professional', 'regulator'],
    `/v1/professionals/${rpps(1)}/entitlements`,
  ),
  post('/v1/reservations', ['professional'], '/v1/reservations', { product: 'surgical', quantity: 1 }),
  get('/v1/reservations', ['professional', 'pharmacy']),
  get('/v1/reservations/{id}', ['professional', 'pharmacy'], `/v1/reservations/${ID}`),
  post('/v1/reservations/lookup', ['pharmacy'], '/v1/reservations/lookup', { pickupCode: '0000-0000' }),
  {
    ...post(
      '/v1/reservations/{id}/cancellation',
      ['professional', 'pharmacy'],
      `/v1/reservations/${ID}/cancellation`,
      {},
    ),
    bodyOptional: true,
  },
  post('/v1/dispensation-checks', ['pharmacy'], '/v1/dispensation-checks', dispensationBody(rpps(1), 1)),
  post('/v1/dispensations', ['pharmacy'], '/v1/dispensations', dispensationBody(rpps(1), 1)),
  post('/v1/dispensations/{id}/reversal', ['pharmacy'], `/v1/dispensations/${ID}/reversal`, { kind: 'returned' }),
  get('/v1/dispensations', ['pharmacy', 'professional', 'regulator']),
  get('/v1/dispensations/{id}', ['pharmacy', 'professional', 'regulator'], `/v1/dispensations/${ID}`),
  get('/v1/professionals/me/history', ['professional']),
  get('/v1/professionals/me/data', ['professional']),
  get('/v1/professionals/{id}/history', ['professional', 'regulator'], `/v1/professionals/${rpps(1)}/history`),
  get('/v1/ledger/bundle', ['regulator']),
  get('/v1/ledger/checkpoint', EVERYBODY),
  get('/v1/ledger/key', EVERYBODY),
  get('/v1/ledger/consistency-proof', EVERYBODY, '/v1/ledger/consistency-proof?from=1'),
  get(
    '/v1/ledger/inclusion-proof',
    ['pharmacy', 'professional', 'regulator'],
    `/v1/ledger/inclusion-proof?entry=${ID}`,
  ),
  put('/v1/products/{code}', ['admin'], '/v1/products/new', { name: 'N', kind: 'mask', packs: [], active: true }),
  put('/v1/pharmacies/{finess}', ['admin'], `/v1/pharmacies/${PHARMACY}`, pharmacyBody),
  put('/v1/professionals/{id}', ['admin'], `/v1/professionals/${rpps(1)}`, professionalBody),
  post('/v1/professionals/{id}/erasure', ['admin'], `/v1/professionals/${rpps(1)}/erasure`, {
    authority: 'CNIL',
    reason: 'R',
  }),
  get('/v1/allocation-rules', EVERYBODY),
  post('/v1/allocation-rules', ['regulator', 'admin'], '/v1/allocation-rules', ruleBody()),
  {
    ...post(
      '/v1/allocation-rules/{id}/withdrawal',
      ['regulator', 'admin'],
      `/v1/allocation-rules/${ID}/withdrawal`,
      {},
    ),
    bodyOptional: true,
  },
  get('/v1/territories', ['regulator']),
  get('/v1/accesses/me', ['professional']),
  get('/v1/audit/accesses', ['regulator']),
  get('/v1/audit/refusals', ['regulator']),
  get('/v1/audit/dispensations', ['regulator']),
  get('/v1/audit/summary', ['regulator']),
  get('/v1/audit/anomalies', ['regulator']),
]

/** The method and template of a route, for a test's message. */
export function nameOf({ method, template }: Route): string {
  return `${method} ${template}`
}

function get(template: string, roles: readonly Role[], path = template): Route {
  return { method: 'GET', template, path, roles }
}

function put(template: string, roles: readonly Role[], path: string, body: object): Route {
  return { method: 'PUT', template, path, roles, body }
}

function post(template: string, roles: readonly Role[], path: string, body: object): Route {
  return { method: 'POST', template, path, roles, body }
}
