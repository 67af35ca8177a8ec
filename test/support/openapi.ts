import Ajv, { type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { dereferenced } from './references.ts'

interface Response {
  headers?: Record<string, { $ref: string }>
  content?: Record<string, { schema: object }>
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>
  components: { schemas: Record<string, object>; headers: Record<string, { required?: boolean }> }
}

interface Answered {
  status: number
  headers: Record<string, unknown>
  body: unknown
}

/** Throws at an answer that the document does not promise. */
type Conforms = (method: string, path: string, answer: Answered) => void

/** By the document and by its text: the services of a run have the same, and its schemas take long to compile. */
const known = new Map<object | string, Conforms>()

/** Holds answers against an OpenAPI document: the route, its status, and the body's schema must be in it. */
export function conformance(document: object): Conforms {
  const before = known.get(document)
  if (before) return before
  const text = JSON.stringify(document)
  const conforms = known.get(text) ?? conformanceOf(document)
  known.set(document, conforms).set(text, conforms)
  return conforms
}

function conformanceOf(document: object): Conforms {
  const { paths, components } = closed(dereferenced(document)) as Document
  const ajv = new Ajv.default({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'api', components })
  const compiled = new Map<object, ValidateFunction>()
  // The routes without parameters first: /professionals/me/history is not /professionals/{id}/history.
  const templates = Object.keys(paths)
    .sort((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))

  return (method, path, { status, headers, body }) => {
    const type = String(headers['content-type'] ?? '')
    const template = templates.find(
      ({ path: written, pattern }) => pattern.test(path) && paths[written]?.[method.toLowerCase()],
    )
    if (!template) {
      if (status === 404 || status === 405) return
      throw new Error(`${method} ${path} is not in the OpenAPI document`)
    }
    const name = `${method} ${template.path} ${status}`
    const response = paths[template.path]?.[method.toLowerCase()]?.responses[status]
    if (!response) throw new Error(`${name} is not declared`)
    for (const [written, { required }] of Object.entries(components.headers)) {
      const isDeclared = written in (response.headers ?? {})
      const header = written.toLowerCase()
      if (header in headers && !isDeclared) throw new Error(`${name} does not declare its ${header}`)
      if (required && isDeclared && !(header in headers)) throw new Error(`${name} lacks ${header}`)
    }
    if (!response.content && type === '' && body === '') return
    const schema = response.content?.[type.split(';')[0] ?? '']?.schema
    if (!schema) throw new Error(`${name} is not declared as ${type}`)
    const validate = compiled.get(schema) ?? ajv.compile(referenced(schema))
    compiled.set(schema, validate)
    if (!validate(body)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`)
  }
}

// Callers are told to expect members of later releases. Of this one, all must be described.
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const isOpen = 'properties' in schema && 'type' in schema && !('additionalProperties' in schema)
  const members = Object.entries(schema).map(([name, member]) => [name, closed(member)])
  return { ...Object.fromEntries(members), ...(isOpen && { additionalProperties: false }) }
}

function referenced(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'))
}
