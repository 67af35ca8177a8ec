import fastify from 'fastify'
import t from 'tap'
import { z } from 'zod'
import { type Policy, requirePolicies } from '../../../src/http/policy.ts'
import { nameOf, routeTable } from '../../support/route-table.ts'
import { startService } from '../../support/service.ts'

// Written by hand, so that a policy loosened by mistake is noticed here. A role alone means any object.
const PROMISED = `
  GET /v1/products: public
  PUT /v1/products/{code}: directory:write, admin
  GET /v1/pharmacies: stock:read, pharmacy, professional, regulator, admin
  GET /v1/pharmacies/{finess}: stock:read, pharmacy, professional, regulator, admin
  PUT /v1/pharmacies/{finess}: directory:write, admin
  PUT /v1/pharmacies/{finess}/service: stock:write, pharmacy acting
  GET /v1/pharmacies/{finess}/statement: stock:read, pharmacy acting, regulator remit
  GET /v1/pharmacies/{finess}/stock: stock:read, pharmacy acting, regulator remit
  PUT /v1/pharmacies/{finess}/stock: stock:write, pharmacy acting
  PUT /v1/pharmacies/{finess}/stock/{product}: stock:write, pharmacy acting
  POST /v1/pharmacies/{finess}/stock-movements: stock:write, pharmacy acting
  POST /v1/pharmacies/{finess}/offline-batches: dispensations:write, pharmacy acting
  POST /v1/pharmacies/{finess}/deliveries: stock:write, pharmacy acting
  GET /v1/pharmacies/{finess}/stock-movements: stock:read, pharmacy acting, regulator remit
  POST /v1/reservations: reservations:write, professional self
  GET /v1/reservations: reservations:read, pharmacy acting, professional listed
  GET /v1/reservations/{id}: reservations:read, pharmacy own, professional own
  POST /v1/reservations/lookup: reservations:read, pharmacy acting
  POST /v1/reservations/{id}/cancellation: reservations:write, pharmacy own, professional own
  POST /v1/reservations/{id}/reduction: reservations:write, professional own
  POST /v1/dispensation-checks: dispensations:read, pharmacy acting
  POST /v1/dispensations: dispensations:write, pharmacy acting
  POST /v1/dispensations/{id}/reversal: dispensations:write, pharmacy own
  GET /v1/dispensations: dispensations:read, pharmacy acting, professional listed, regulator listed
  GET /v1/dispensations/{id}: dispensations:read, pharmacy own, professional own, regulator remit
  GET /v1/entitlements/me: dispensations:read, professional self
  GET /v1/professionals/{id}/entitlements: dispensations:read, professional own, regulator remit
  GET /v1/professionals/me/data: dispensations:read, professional self
  GET /v1/professionals/me/history: dispensations:read, professional self
  GET /v1/professionals/{id}/history: dispensations:read, professional own, regulator remit
  PUT /v1/professionals/{id}: directory:write, admin
  POST /v1/professionals/{id}/erasure: directory:write, admin
  GET /v1/identity-doubts: directory:write, admin
  POST /v1/identity-doubts/{id}/decision: directory:write, admin
  GET /v1/allocation-rules: rules:read, pharmacy, professional, regulator, admin
  POST /v1/allocation-rules: rules:write, regulator territory, admin
  POST /v1/allocation-rules/{id}/withdrawal: rules:write, regulator territory, admin
  GET /v1/territories: directory:read, regulator
  GET /v1/events: any scope, pharmacy listed, professional listed, regulator listed
  GET /v1/accesses/me: audit:read, professional self
  GET /v1/audit/accesses: audit:read, regulator listed
  GET /v1/audit/admin-acts: audit:read, regulator listed
  GET /v1/audit/refusals: audit:read, regulator listed
  GET /v1/audit/dispensations: audit:read, regulator listed
  GET /v1/audit/summary: audit:read, regulator listed
  GET /v1/audit/anomalies: audit:read, regulator listed
  GET /v1/ledger/bundle: ledger:read, regulator listed
  GET /v1/ledger/checkpoint: ledger:read, pharmacy, professional, regulator, admin
  GET /v1/ledger/key: ledger:read, pharmacy, professional, regulator, admin
  GET /v1/ledger/consistency-proof: ledger:read, pharmacy, professional, regulator, admin
  GET /v1/ledger/inclusion-proof: ledger:read, pharmacy own, professional own, regulator remit
  GET /v1/clients: clients:write, admin
  POST /v1/clients: clients:write, admin
  GET /v1/clients/{id}: clients:write, admin
  PUT /v1/clients/{id}: clients:write, admin
  POST /v1/clients/{id}/token-revocation: clients:write, admin
  POST /v1/clients/{id}/confirmation: clients:write, admin
  POST /v1/clients/{id}/withdrawal: clients:write, admin
  POST /v1/clients/{id}/secrets: clients:write, admin
  DELETE /v1/clients/{id}/secrets/{secret}: clients:write, admin
  GET /v1/pharmacies/{finess}/grants: clients:write, pharmacy itself, admin
  PUT /v1/pharmacies/{finess}/grants/{client}: clients:write, pharmacy itself, admin
  POST /v1/pharmacies/{finess}/grants/{client}/withdrawal: clients:write, pharmacy itself, admin
  POST /v1/clients/{id}/grants: clients:write, admin
  POST /v1/consents: any scope, pharmacy asking
  GET /v1/consents: any scope, pharmacy listed
  GET /v1/consents/{id}: any scope, pharmacy party
  POST /v1/consents/{id}/acceptance: clients:write, pharmacy asked
  POST /v1/consents/{id}/refusal: clients:write, pharmacy asked
  POST /v1/webhook-endpoints: any scope, pharmacy client, regulator client
  GET /v1/webhook-endpoints: any scope, pharmacy client, regulator client
  GET /v1/webhook-endpoints/{id}: any scope, pharmacy client, regulator client
  DELETE /v1/webhook-endpoints/{id}: any scope, pharmacy client, regulator client
  POST /v1/webhook-endpoints/{id}/secret-rotation: any scope, pharmacy client, regulator client
  POST /v1/webhook-endpoints/{id}/test: any scope, pharmacy client, regulator client
  POST /v1/webhook-endpoints/{id}/redelivery: any scope, pharmacy client, regulator client
  GET /v1/webhook-endpoints/{id}/deliveries: any scope, pharmacy client, regulator client
  GET /v1/me: any scope, pharmacy, professional, regulator, admin
  POST /oauth/token: public
  GET /.well-known/oauth-authorization-server: public
  GET /healthz: public
  GET /readyz: public
  GET /openapi.json: public
  GET /openapi.yaml: public
  GET /.well-known/jwks.json: public
  GET /open-data/manifest.json: public
  GET /open-data/stock.geojson: public
  GET /open-data/stock.csv: public
  GET /open-data/stock.ndjson: public
  GET /corona19-masks/v1/storesByGeo/json: public
  GET /corona19-masks/v1/storesByAddr/json: public
  GET /corona19-masks/v1/stores/json: public
  GET /corona19-masks/v1/sales/json: public
`

/** A policy in a line, as the list above writes it. */
function lineOf(policy: Policy | undefined): string {
  if (policy === undefined || policy === 'public') return String(policy)
  const whose = (['pharmacy', 'professional', 'regulator', 'admin'] as const).flatMap((role) => {
    const word = policy[role]
    return word === undefined ? [] : [word === 'any' ? role : `${role} ${word}`]
  })
  return [policy.scope ?? 'any scope', ...whose].join(', ')
}

t.test(
  'every route admits the roles written down here, to the objects written down here, and nobody else',
  async (t) => {
    const { app } = await startService(t)
    const table = routeTable(app).filter(({ url }) => !url.startsWith('/docs'))
    const lines = table
      .filter(({ method }) => method !== 'HEAD')
      .map((route) => `${nameOf(route)}: ${lineOf(route.config?.policy)}`)
    t.same(
      lines.sort(),
      PROMISED.trim()
        .split(/\s*\n\s*/)
        .sort(),
    )
    for (const head of table.filter(({ method }) => method === 'HEAD')) {
      const get = table.find(({ method, url }) => method === 'GET' && url === head.url)
      t.equal(lineOf(head.config?.policy), lineOf(get?.config?.policy), nameOf(head))
    }
  },
)

t.test('a route whose policy is missing or cannot be kept does not start, and is named', async (t) => {
  const start = (method: 'GET' | 'POST', url: string, policy: unknown, schema: object = {}) => {
    const app = fastify()
    requirePolicies(app)
    try {
      app.route({ method, url, config: { policy: policy as Policy }, schema, handler: async () => ({}) })
    } catch (error) {
      return (error as Error).message
    }
    return 'started'
  }
  const scope = 'stock:read'
  const named = { querystring: z.strictObject({ entry: z.uuid() }) }
  const filtered = { querystring: z.strictObject({ entry: z.uuid().optional() }) }
  const ofPharmacy = { body: z.strictObject({ pharmacy: z.string().optional() }) }
  for (const [method, url, policy, schema, said] of [
    ['GET', '/a', undefined, {}, 'GET /a declares no policy'],
    ['GET', '/a', { admin: 'any' }, {}, 'GET /a asks for the scope «undefined», which there is not'],
    ['GET', '/a', { scope: 'all', admin: 'any' }, {}, 'GET /a asks for the scope «all», which there is not'],
    ['GET', '/a', { scope }, {}, 'GET /a lets no role in'],
    ['GET', '/a', { scope, nurse: 'any' }, {}, 'GET /a lets nurse at «any», which means nothing'],
    ['GET', '/a', { scope, admin: 'acting' }, {}, 'GET /a lets admin at «acting», which means nothing'],
    ['GET', '/a', { scope, admin: 'any' }, {}, 'started'],
    ['GET', '/a', { scope, pharmacy: 'acting' }, {}, /^GET \/a lets pharmacy at «acting», which needs a pharmacy/],
    ['GET', '/a/:finess', { scope, pharmacy: 'acting' }, {}, 'started'],
    ['POST', '/a', { scope, pharmacy: 'acting' }, ofPharmacy, 'started'],
    [
      'GET',
      '/a',
      { scope, professional: 'own' },
      filtered,
      /^GET \/a lets professional at «own», which needs an object/,
    ],
    ['GET', '/a', { scope, professional: 'own' }, named, 'started'],
    ['GET', '/a', { scope, regulator: 'remit' }, {}, /^GET \/a lets regulator at «remit», which needs an object/],
    ['GET', '/a/:id', { scope, regulator: 'remit' }, {}, 'started'],
    ['GET', '/a/:id', { scope, pharmacy: 'listed' }, {}, /^GET \/a\/:id lets pharmacy at «listed», which needs GET/],
    ['POST', '/a', { scope, pharmacy: 'listed' }, {}, /^POST \/a lets pharmacy at «listed», which needs GET/],
    ['GET', '/a/:id', { scope, professional: 'self' }, {}, /«self», which needs a path without parameters$/],
    [
      'GET',
      '/a',
      { scope, regulator: 'territory' },
      {},
      /^GET \/a lets regulator at «territory», which needs to be a write$/,
    ],
    ['POST', '/a', { scope, regulator: 'territory' }, {}, 'started'],
  ] as const) {
    t.match(start(method, url, policy, schema), said)
  }
})

t.test('the API document says of each route who may, with which scope, and what the others get', async (t) => {
  const { app } = await startService(t)
  const { paths = {}, components } = app.swagger() as unknown as {
    paths: Record<string, Record<string, { security: object[]; description?: string }>>
    components: { securitySchemes: { client: { flows: { clientCredentials: { scopes: object } } } } }
  }
  const known = Object.keys(components.securitySchemes.client.flows.clientCredentials.scopes)
  for (const route of routeTable(app)) {
    const policy = route.config?.policy
    const [method = '', template = ''] = nameOf(route).split(' ')
    const described = paths[template]?.[method.toLowerCase()]
    if (!described || policy === undefined) continue
    if (policy === 'public') {
      // A client proves who it is there, by Basic or by an assertion in the body.
      const expected = template === '/oauth/token' ? [{ basic: [] }, {}] : []
      t.same(described.security, expected, nameOf(route))
      continue
    }
    const needed = policy.scope === null ? [] : [policy.scope]
    for (const scope of needed) {
      t.ok(known.includes(scope))
      t.match(described.description, `\`${scope}\``)
    }
    t.same(described.security, [{ bearer: [] }, { client: needed }], nameOf(route))
  }
  t.match(
    paths['/v1/pharmacies/{finess}/stock']?.get?.description,
    /^For:\n\n- `pharmacy`: for a pharmacy that the token acts for; another is 403\.\n- `regulator`: what is in .*404.*\n\n403 for any other role, and for a client whose token lacks the scope `stock:read`\.$/,
  )
})
