import Ajv, { type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

/** Throws at an answer that the document does not promise. */
type Conforms = (method: string, path: string, status: number, type: string, body: unknown) => void

/** By the document's text: the services of a run have the same, and its schemas take long to compile. */
const known = new Map<string, Conforms>()

/** Holds answers against an OpenAPI document: the route, its status, and the body's schema must be in it. */
export function conformance(document: object): Conforms {
  const text = JSON.stringify(document)
  const conforms = known.get(text) ?? conformanceOf(document)
  known.set(text, conforms)
  return conforms
}

function conformanceOf(document: object): Conforms {
  const { paths, components } = document as Document
  const ajv = new Ajv.default({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'api', components })
  const compiled = new Map<object, ValidateFunction>()
  // The routes without parameters first: /professionals/me/history is not /professionals/{id}/history.
  const templates = Object.keys(paths)
    .sort((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))

  return (method, path, status, type, body) => {
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
    const schema = response.content?.[type.split(';')[0] ?? '']?.schema
    if (!schema) throw new Error(`${name} is not declared as ${type}`)
    const validate = compiled.get(schema) ?? ajv.compile(referenced(schema))
    compiled.set(schema, validate)
    if (!validate(body)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`)
  }
}

function referenced(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'))
}
