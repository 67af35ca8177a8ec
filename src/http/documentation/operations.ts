import { STATUS_CODES } from 'node:http'
import type { RouteOptions } from 'fastify'
import type { z } from 'zod'
import { isRequired, shapeOf } from './answers.ts'
import { bodies, idFor, parameters as parametersOf } from './example-requests.ts'
import { sentTexts, texts } from './example-values.ts'
import { collectionOf, exampleOf, idIn, type Place, type Schema, within } from './examples.ts'
import { answerHeaders, headersOf } from './headers.ts'

interface Described {
  description?: string
  content?: Record<string, { schema: Schema; example?: unknown; examples?: object }>
}

interface Parameter {
  $ref?: string
  in: string
  name: string
  required?: boolean
  schema: Schema
  example?: unknown
}

interface Operation {
  operationId?: string
  parameters?: Parameter[]
  requestBody?: Described & { required?: boolean }
  responses?: Record<string, Described & { headers?: object }>
}

interface Components {
  headers: object
  parameters: object
  schemas: Record<string, Schema>
  examples: Record<string, { value: unknown }>
}

interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: Partial<Components>
}

/** Adds to the operations of a document what only their routes, by operation id, know. */
export function completed<Doc extends object>(document: Doc, routes: ReadonlyMap<string, RouteOptions>): Doc {
  const { paths = {}, components: given = {} } = document as Document
  const components = Object.assign(given, {
    schemas: {},
    ...given,
    headers: { ...answerHeaders },
    parameters: { 'accept-language': acceptLanguage },
    examples: {},
  })
  for (const [path, methods] of Object.entries(paths)) {
    for (const operation of Object.values(methods)) {
      const route = routes.get(operation.operationId ?? '')
      if (!route) continue
      complete(operation, route, components.schemas)
      exemplify(operation, path, components)
    }
  }
  return document
}

/** Every operation with problems of ours has it. */
const acceptLanguage = {
  in: 'header',
  name: 'accept-language',
  description:
    'Problems are told in French where you prefer it to English, else in English (RFC 9110). `code` is the same in both.',
  schema: { type: 'string' },
  example: 'fr',
}

function complete(operation: Operation, route: RouteOptions, schemas: Record<string, Schema>): void {
  const { operationId = '', parameters = [], requestBody, responses = {} } = operation
  const headers = shapeOf(route.schema?.headers)
  for (const parameter of parameters) {
    if (parameter.in === 'header' && isRequired(headers[parameter.name])) parameter.required = true
  }
  if (requestBody) {
    requestBody.required = !(route.schema?.body as z.ZodType | undefined)?.safeParse(undefined).success
    name(requestBody, `${capitalised(operationId)}Request`, schemas)
  }
  if (Object.values(responses).some(({ content = {} }) => 'application/problem+json' in content)) {
    operation.parameters = [...parameters, { $ref: '#/components/parameters/accept-language' } as Parameter]
  }
  for (const [status, response] of Object.entries(responses)) {
    const sent = headersOf(route, Number(status))
    response.headers = Object.fromEntries(sent.map((each) => [each, { $ref: `#/components/headers/${each}` }]))
    if (response.description === 'Default Response') response.description = STATUS_CODES[status] ?? ''
    if (status.startsWith('2')) name(response, `${capitalised(operationId)}Answer`, schemas)
  }
}

/** Gives the schema of a body a name, for those who generate a client: some of its own have one, most have none. */
function name({ content = {} }: Described, given: string, schemas: Record<string, Schema>): void {
  for (const media of Object.values(content)) {
    if (!('properties' in media.schema || 'anyOf' in media.schema)) continue
    schemas[given] = media.schema
    media.schema = { $ref: `#/components/schemas/${given}` }
  }
}

function exemplify(operation: Operation, path: string, components: Components): void {
  const { operationId = '', requestBody, responses = {} } = operation
  const collection = collectionOf(path)
  const id = idFor(operationId, collection)
  const place: Place = { schemas: components.schemas, collection, id, isRequest: true }
  exemplifyParameters(operation, path, place)
  for (const [type, media] of Object.entries(requestBody?.content ?? {})) {
    if (type === 'text/csv') media.schema = { type: 'string' } // The same body, as a spreadsheet writes it.
    media.example = sentTexts[type] ?? bodies[operationId] ?? exampleOf(media.schema, place)
  }
  for (const { content = {} } of Object.values(responses)) {
    for (const [type, media] of Object.entries(content)) {
      if (type === 'application/problem+json') media.examples = examplesOfCodes(media.schema, components)
      else
        media.example =
          media.schema.examples?.[0] ?? texts[type] ?? exampleOf(media.schema, { ...place, isRequest: false })
    }
  }
}

function exemplifyParameters({ operationId = '', parameters = [] }: Operation, path: string, place: Place): void {
  for (const parameter of parameters) {
    const { name, required, schema } = parameter
    const before = collectionOf(path.split(`/{${name}}`)[0] ?? '')
    const there = before === place.collection ? place : within(place, before)
    const own = parametersOf[operationId]?.[name]
    if (own !== undefined) parameter.example = own
    // A key is for one request alone, whoever sends them one after another.
    else if (name === 'idempotency-key') parameter.example = idIn(`keys of ${operationId}`)
    else if (required) parameter.example ??= exampleOf(schema, there, name)
  }
}

/** An example of each code, which is the same wherever it is answered. */
function examplesOfCodes({ oneOf, ...only }: Schema, { schemas, examples }: Components): Record<string, object> {
  const named = (oneOf ?? [only]).map(({ $ref = '' }) => $ref.split('/').at(-1) ?? '')
  for (const name of named) {
    examples[name] ??= {
      value: exampleOf(schemas[name] ?? {}, { schemas, collection: '', id: idIn(''), isRequest: false }),
    }
  }
  return Object.fromEntries(named.map((name) => [name, { $ref: `#/components/examples/${name}` }]))
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
