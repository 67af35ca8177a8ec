import { words } from '../../http/whose.ts'

/** A request of the document, with the values of its examples. */
export interface ExampleRequest {
  name: string
  group: string
  method: string
  /** With its parameters filled in, and its query. */
  path: string
  headers: Record<string, string>
  body: string | undefined
  /** Whose token it takes: the first role’s that may send it, or a client’s; undefined if anybody may. */
  bearer: string | undefined
  /** Whether it takes a client’s id and secret. */
  isBasic: boolean
}

interface Parameter {
  in: string
  name: string
  required?: boolean
  example?: unknown
}

interface Operation {
  summary: string
  description?: string
  tags: string[]
  security?: object[]
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: { content: Record<string, { example?: unknown }> }
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { parameters: Record<string, Parameter> }
}

// What every token may do.
const ANY_ROLE = 'professional'

/** The document's requests in its order, each with what it must hold. */
export function exampleRequests(document: object): ExampleRequest[] {
  const { paths, components } = document as Document
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? []).map((each) =>
        '$ref' in each ? (components.parameters[each.$ref.split('/').at(-1) ?? ''] as Parameter) : each,
      )
      return requestOf(path, method.toUpperCase(), operation, parameters)
    }),
  )
}

function requestOf(path: string, method: string, operation: Operation, parameters: Parameter[]): ExampleRequest {
  const { summary, description = '', tags, security = [], requestBody } = operation
  const [[type, { example }] = [undefined, { example: undefined }]] = Object.entries(requestBody?.content ?? {})
  const schemes = security.flatMap((each) => Object.keys(each))
  const [, role] = /^For:\n\n- `(\w+)`/m.exec(description) ?? []
  const isForClients = [words.asking, words.client].some(({ meaning }) => description.includes(meaning))
  return {
    name: summary,
    group: tags[0] ?? '',
    method,
    path: `${filled(path, parameters)}${queryOf(parameters)}`,
    headers: { ...(type && { 'content-type': type }), ...headersOf(parameters) },
    body: type === undefined || example === undefined ? undefined : written(type, example),
    bearer: schemes.includes('bearer') ? (isForClients ? 'client' : (role ?? ANY_ROLE)) : undefined,
    isBasic: schemes.includes('basic'),
  }
}

function filled(path: string, parameters: Parameter[]): string {
  const values = new Map(parameters.filter((each) => each.in === 'path').map(({ name, example }) => [name, example]))
  return path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(values.get(name))))
}

function queryOf(parameters: Parameter[]): string {
  const given = parameters.filter(({ in: place, example }) => place === 'query' && example !== undefined)
  const values = given.map(({ name, example }) => [name, String(example)])
  const query = new URLSearchParams(Object.fromEntries(values))
  return query.size > 0 ? `?${query}` : ''
}

// A key is new for each request, and the programs that read these files can make one.
function headersOf(parameters: Parameter[]): Record<string, string> {
  const isKeyed = parameters.some((each) => each.in === 'header' && each.name === 'idempotency-key')
  return isKeyed ? { 'idempotency-key': '{{$guid}}' } : {}
}

function written(type: string, example: unknown): string {
  if (type.endsWith('json')) return JSON.stringify(example, null, 2)
  return new URLSearchParams(example as Record<string, string>).toString()
}
