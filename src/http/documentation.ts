import swagger from '@fastify/swagger'
import apiReference from '@scalar/fastify-api-reference'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Controller } from './controller.ts'
import { withCodes } from './documentation/answers.ts'
import { infoOf } from './documentation/info.ts'
import { written } from './documentation/json-schema.ts'
import { completed } from './documentation/operations.ts'
import { sharing } from './documentation/sharing.ts'
import { asYaml } from './documentation/yaml.ts'
import { policyInWords } from './policy.ts'
import { onlyProblems } from './problems.ts'
import type { Scope } from './scopes.ts'
import { describeWays } from './ways.ts'

const tags = [
  { name: 'stock', description: 'What pharmacies have: find it, declare it, move it.' },
  {
    name: 'reservations',
    description: 'Masks set aside for a professional until they are collected or the hold expires.',
  },
  { name: 'dispensations', description: 'Hand-overs at the counter, checked against one history of all pharmacies.' },
  { name: 'history', description: 'What a professional received, and may still receive.' },
  {
    name: 'audit',
    description:
      'For regulators: selections, totals and anomalies over the ledger in their remit, refusals, and who looked.',
  },
  {
    name: 'ledger',
    description: 'The signed log of all entries: checkpoints, keys, proofs and bundles to check offline.',
  },
  { name: 'events', description: 'What happened, for those who follow it.' },
  { name: 'rules', description: 'Allocation rules: dated caps by profession, product and territory.' },
  { name: 'reference data', description: 'Products, pharmacies, professionals, territories.' },
  { name: 'access', description: 'Tokens and the keys that verify them.' },
  {
    name: 'open data',
    description: 'What everybody may know without a token, where the operator opens it: bands, never numbers.',
  },
  { name: 'operations', description: 'For those who run the service.' },
]

const scopesInWords: Record<Scope, string> = {
  'stock:read': 'Find pharmacies and read what they have.',
  'stock:write': 'Count and move stock.',
  'reservations:read': 'Read and look up reservations.',
  'reservations:write': 'Make and cancel reservations.',
  'dispensations:read': 'Read hand-overs, histories and entitlements, and check before a hand-over.',
  'dispensations:write': 'Record hand-overs and take them back.',
  'audit:read': 'Read selections, totals and refusals, and who looked.',
  'ledger:read': 'Read checkpoints, keys, proofs and bundles.',
  'rules:read': 'Read allocation rules.',
  'rules:write': 'Publish and withdraw allocation rules.',
  'directory:read': 'Read territories.',
  'directory:write': 'Maintain products, pharmacies and professionals.',
  'clients:write': 'Manage clients and what they may do.',
}

const CHECKED = 'Checked as RFC8725 asks: of a listed issuer and algorithm, for this audience, within its time.'

const securitySchemes = {
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'A machine’s id and secret (RFC 6749, section 2.3.1), for its tokens alone.',
  },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: `The token of a person. ${CHECKED}` },
  client: {
    type: 'oauth2',
    description: `The token of a machine, for the scopes given to it. ${CHECKED}`,
    flows: { clientCredentials: { tokenUrl: '/oauth/token', scopes: scopesInWords } },
  },
} as const

const zodToJsonConfig = { override: written }
const toJsonSchema = createJsonSchemaTransform({ zodToJsonConfig })
const toComponents = createJsonSchemaTransformObject({ zodToJsonConfig })

/** Describes the routes registered after it, and serves the description: /openapi.json, /openapi.yaml, /docs. */
export async function documentation(app: FastifyInstance, controller: Controller): Promise<void> {
  const routes = new Map<string, RouteOptions>()
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') routes.set(route.schema?.operationId ?? '', route)
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: await infoOf(controller),
      servers: [{ url: '/', 'x-internal': false } as { url: string }],
      tags,
      components: { securitySchemes },
    },
    transform: (input) => {
      const answers = withCodes(input.route)
      const body = presentBody(input.schema?.body)
      const schema = { ...input.schema, response: answers, ...(body && { body }) }
      return withPolicy(toJsonSchema({ ...input, schema } as Parameters<typeof toJsonSchema>[0]), input.route)
    },
    transformObject: (input) =>
      pruned(sharing(completed(describeWays(toComponents(input)) as ReturnType<typeof toComponents>, routes))),
  })
  documentRoute(app, 'json', 'application/json', () => JSON.stringify(app.swagger()))
  let yaml: string | undefined
  documentRoute(app, 'yaml', 'application/yaml', () => (yaml ??= asYaml(app.swagger())))
  await app.register(apiReference, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
    } as object,
  })
}

function documentRoute(app: FastifyInstance, format: 'json' | 'yaml', type: string, document: () => string): void {
  app.get(
    `/openapi.${format}`,
    {
      config: { policy: 'public', isFixed: true },
      schema: {
        operationId: `readOpenapi${format === 'json' ? 'Json' : 'Yaml'}`,
        tags: ['operations'],
        summary: `Read this description in ${format.toUpperCase()}`,
        response: {
          200: {
            description: 'OpenAPI 3.1',
            content: { [type]: { schema: z.unknown().meta({ examples: ['openapi: 3.1.0'] }) } },
          },
          ...onlyProblems(414, 429, 503),
        },
      },
    },
    async (_request, reply) => reply.type(type).serializer(String).send(document()),
  )
}

type Described = ReturnType<typeof toJsonSchema>

// What may be left out may also be null, for those who send that; the document need not offer both.
function presentBody(body: unknown): z.ZodType | undefined {
  const isOptional = body instanceof z.ZodOptional || body instanceof z.ZodNullable
  return isOptional ? presentBody(body.unwrap()) : (body as z.ZodType | undefined)
}

// A route without a token says so; otherwise readers of the document would have to guess.
function withPolicy({ schema, url }: Described, { config }: RouteOptions): Described {
  const policy = config?.policy
  if (config?.limits === 'token') {
    // The second way is an assertion in the body.
    return { schema: { ...schema, security: [{ basic: [] }, {}] } as FastifySchema, url }
  }
  const described = schema as FastifySchema & { description?: string }
  if (policy === undefined || policy === 'public') {
    const description = [described.description, 'For anybody, without a token.'].filter(Boolean).join('\n\n')
    return { schema: { ...schema, description, security: [] } as FastifySchema, url }
  }
  const description = [described.description, policyInWords(policy)].filter(Boolean).join('\n\n')
  const security = [{ bearer: [] }, { client: policy.scope === null ? [] : [policy.scope] }]
  return { schema: { ...described, description, security } as FastifySchema, url }
}

interface Document {
  components?: { schemas?: Record<string, unknown>; headers?: Record<string, unknown> }
}

// Every named schema is there twice, as input and as output; only what a route refers to is kept.
function pruned<Doc extends object>(document: Doc): Doc {
  const { schemas = {}, headers = {} } = (document as Document).components ?? {}
  for (let removed = true; removed; ) {
    const text = JSON.stringify(document)
    const without = (names: string[], kind: string) =>
      names.filter((name) => !text.includes(`"#/components/${kind}/${name}"`))
    const unused = without(Object.keys(schemas), 'schemas')
    for (const name of unused) delete schemas[name]
    for (const name of without(Object.keys(headers), 'headers')) delete headers[name]
    removed = unused.length > 0
  }
  // In the order of their names: that in which the modules were loaded is an accident.
  const named = Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, schema] of named) {
    delete schemas[name]
    schemas[name] = schema
  }
  return document
}
