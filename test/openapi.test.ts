import { readFile } from 'node:fs/promises'
import t from 'tap'
import { describeApi } from '../src/openapi.ts'
import { faultsOfExamples } from './support/examples.ts'
import { nameOf, routeTable } from './support/route-table.ts'
import { startService } from './support/service.ts'

interface Operation {
  operationId: string
  tags: string[]
  security: object[]
  parameters?: object[]
  responses: Record<string, unknown>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

// What callers were promised, written by hand. The documentation's own page is left out: it describes the others.
const PROMISED = `
  GET /v1/products
  GET /v1/pharmacies
  GET /v1/pharmacies/{finess}
  GET /v1/pharmacies/{finess}/stock
  PUT /v1/pharmacies/{finess}/service
  PUT /v1/pharmacies/{finess}/stock
  PUT /v1/pharmacies/{finess}/stock/{product}
  POST /v1/pharmacies/{finess}/stock-movements
  POST /v1/pharmacies/{finess}/offline-batches
  POST /v1/pharmacies/{finess}/deliveries
  GET /v1/pharmacies/{finess}/stock-movements
  GET /v1/entitlements/me
  GET /v1/professionals/{id}/entitlements
  POST /v1/reservations
  GET /v1/reservations
  GET /v1/reservations/{id}
  POST /v1/reservations/lookup
  POST /v1/reservations/{id}/cancellation
  POST /v1/reservations/{id}/reduction
  POST /v1/dispensation-checks
  POST /v1/dispensations
  POST /v1/dispensations/{id}/reversal
  GET /v1/dispensations
  GET /v1/dispensations/{id}
  GET /v1/professionals/me/history
  GET /v1/professionals/{id}/history
  GET /v1/ledger/bundle
  GET /healthz
  GET /readyz
  GET /openapi.json
  GET /openapi.yaml
  GET /.well-known/jwks.json
  PUT /v1/products/{code}
  PUT /v1/pharmacies/{finess}
  PUT /v1/professionals/{id}
  GET /v1/allocation-rules
  POST /v1/allocation-rules
  POST /v1/allocation-rules/{id}/withdrawal
  GET /v1/territories
  GET /v1/events
  POST /v1/webhook-endpoints
  GET /v1/webhook-endpoints
  GET /v1/webhook-endpoints/{id}
  DELETE /v1/webhook-endpoints/{id}
  POST /v1/webhook-endpoints/{id}/secret-rotation
  POST /v1/webhook-endpoints/{id}/test
  GET /v1/webhook-endpoints/{id}/deliveries
  POST /v1/webhook-endpoints/{id}/redelivery
  GET /v1/accesses/me
  GET /v1/audit/accesses
  GET /v1/audit/admin-acts
  GET /v1/audit/refusals
  GET /v1/audit/dispensations
  GET /v1/audit/summary
  GET /v1/audit/anomalies
  GET /open-data/manifest.json
  GET /open-data/stock.geojson
  GET /open-data/stock.csv
  GET /open-data/stock.ndjson
  GET /corona19-masks/v1/storesByGeo/json
  GET /corona19-masks/v1/storesByAddr/json
  GET /corona19-masks/v1/stores/json
  GET /corona19-masks/v1/sales/json
`

const service = await startService(t)
const document = (await service.call('GET', '/openapi.json')).body as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
)

t.test('openapi.yaml is what the code describes', async (t) => {
  const committed = await readFile(new URL('../openapi.yaml', import.meta.url), 'utf8').catch(() => '')
  const { yaml: described } = await describeApi()
  // Not t.equal, whose failure would print both texts of some thousand lines.
  t.ok(committed === described, 'it is fresh; if not: npm run --silent openapi > openapi.yaml')
  t.equal((await service.call('GET', '/openapi.yaml')).body, described, 'and the service answers the same')
})

t.test('every route of the service is described, with the statuses that it declares and no others', async (t) => {
  // Fastify answers HEAD wherever there is a GET.
  const served = routeTable(service.app).filter(({ url, method }) => !url.startsWith('/docs') && method !== 'HEAD')
  t.ok(served.length >= 30, 'the routes were collected')
  t.same(served.map(nameOf).sort(), operations.map(({ name }) => name).sort())
  for (const route of served) {
    const described = operations.find(({ name }) => name === nameOf(route))?.operation
    const declared = Object.keys((route.schema as { response?: object } | undefined)?.response ?? {})
    t.same(Object.keys(described?.responses ?? {}).sort(), declared.sort(), nameOf(route))
  }
})

t.test('every route says what it answers when it does not succeed', async (t) => {
  for (const { name, operation } of operations) {
    const statuses = Object.keys(operation.responses)
    t.ok(
      statuses.some((status) => status.startsWith('2')),
      `${name} succeeds`,
    )
    t.ok(statuses.includes('414'), `${name} 414`)
    // The others are for those who run the service: they read neither input nor the database.
    if (!name.includes(' /v1/')) continue
    for (const status of ['400', '429', '500', '503']) t.ok(statuses.includes(status), `${name} ${status}`)
    if (operation.security.length === 0) continue
    for (const status of ['401', '403']) t.ok(statuses.includes(status), `${name} ${status}`)
  }
})

t.test('every route that callers were promised is described', async (t) => {
  const promised = PROMISED.trim().split(/\s*\n\s*/)
  t.same(
    promised.filter((route) => !operations.some(({ name }) => name === route)),
    [],
  )
})

t.test('each body, answer and required parameter has an example that its schema allows', async (t) => {
  t.same(faultsOfExamples(document), [])
})

t.test('operations have names of their own, and a subject each', async (t) => {
  const ids = operations.map(({ operation }) => operation.operationId)
  t.same(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  )
  t.notOk(ids.includes(undefined as unknown as string))
  t.same(
    operations.filter(({ operation }) => operation.tags?.length !== 1).map(({ name }) => name),
    [],
  )
})

t.test('what several operations have is written once', async (t) => {
  const written = operations.flatMap(({ operation: { parameters = [], responses } }) =>
    [...parameters, ...Object.values(responses)].map((each) => JSON.stringify(each)),
  )
  // Of a query's parameters only the commonest way to say each has its name.
  const repeated = written.filter(
    (each, nth) => /"in":"(header|path)"|problem\+json/.test(each) && written.indexOf(each) !== nth,
  )
  t.same(repeated, [])
})

t.test('every named schema is used', async (t) => {
  const text = JSON.stringify(document)
  const unused = Object.keys(document.components.schemas).filter(
    (name) => !text.includes(`"#/components/schemas/${name}"`),
  )
  t.same(unused, [])
})

t.test('the documentation works with no network', async (t) => {
  const page = await service.app.inject({ url: '/docs/' })
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], 'text/html')
  const references = [...page.body.matchAll(/\b(?:src|href)\s*=\s*["']([^"']+)["']/g)].map(([, url = '']) => url)
  t.not(references.length, 0, 'the page has its script')
  for (const reference of references) {
    t.notMatch(reference, /^([a-z]+:)?\/\//, `${reference} is on this host`)
    const url = new URL(reference, 'http://localhost/docs/').pathname
    t.equal((await service.app.inject({ url })).statusCode, 200, `${url} is there`)
  }
  t.notMatch(page.body, /\b(https?|wss?):\/\/(?!www\.w3\.org\/)/, 'the page names no other host')
  // What its script may still ask for, the browser refuses.
  const policy = String(page.headers['content-security-policy'])
  t.notMatch(policy, /https?:|\*/)
  t.match(policy, "default-src 'self'")
})

t.test('/docs leads to the documentation', async (t) => {
  const { statusCode, headers } = await service.app.inject({ url: '/docs' })
  t.ok(statusCode === 200 || (statusCode >= 301 && statusCode <= 308 && String(headers.location).endsWith('/docs/')))
})
