import { STATUS_CODES } from 'node:http'
import type { RouteOptions } from 'fastify'
import type { z } from 'zod'
import { isRequired, shapeOf } from './answers.ts'
import { texts } from './example-values.ts'
import { collectionOf, exampleOf, type Place, type Schema } from './examples.ts'
import { answerHeaders, headersOf } from './headers.ts'

interface Described {
  description?: string
  content?: Record<string, { schema: Schema; example?: unknown }>
}

interface Parameter {
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

interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: { headers?: object; schemas?: Record<string, Schema> }
}

/** Adds to the operations of a document what only their routes, by operation id, know. */
export function completed<Doc extends object>(document: Doc, routes: ReadonlyMap<string, RouteOptions>): Doc {
  const { paths = {}, components = {} } = document as Document
  components.headers = { ...answerHeaders }
  components.schemas ??= {}
  for (const [path, methods] of Object.entries(paths)) {
    for (const operation of Object.values(methods)) {
      const route = routes.get(operation.operationId ?? '')
      if (!route) continue
      complete(operation, route, components.schemas)
      exemplify(operation, path, components.schemas)
    }
  }
  return document
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
    if (!('properties' in media.schema)) continue
    schemas[given] = media.schema
    media.schema = { $ref: `#/components/schemas/${given}` }
  }
}

function exemplify(operation: Operation, path: string, schemas: Record<string, Schema>): void {
  const { parameters = [], requestBody, responses = {} } = operation
  const place: Place = { schemas, collection: collectionOf(path), isRequest: true }
  for (const parameter of parameters) {
    if (!parameter.required) continue
    const before = path.split(`/{${parameter.name}}`)[0] ?? ''
    parameter.example ??= exampleOf(parameter.schema, { ...place, collection: collectionOf(before) }, parameter.name)
  }
  for (const media of Object.values(requestBody?.content ?? {})) media.example = exampleOf(media.schema, place)
  for (const [status, { content = {} }] of Object.entries(responses)) {
    for (const [type, media] of Object.entries(content)) {
      media.example = texts[type] ?? exampleOf(media.schema, { ...place, isRequest: false })
    }
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
