import { collectionOf } from './examples.ts'

interface Parameter {
  $ref?: string
  in: string
  name: string
  required?: boolean
}

interface Answer {
  content?: Record<string, { examples?: Record<string, unknown> }>
}

interface Document {
  paths?: Record<string, Record<string, { parameters?: Parameter[]; responses?: Record<string, Answer> }>>
  components?: Record<string, object>
}

/** Something of an operation that others may have too: its name if they do, and how a reference takes its place. */
interface Place {
  name: string
  value: object
  refer(reference: { $ref: string }): void
}

/** Has operations refer to the problems and parameters that several of them have, instead of repeating them. */
export function sharing<Doc extends object>(document: Doc): Doc {
  const { paths = {}, components = {} } = document as Document
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  )
  const parameters = operations.flatMap(({ path, parameters: list = [] }) => parametersOf(path, list))
  components.parameters = { ...components.parameters, ...shared('parameters', parameters) }
  components.responses = shared(
    'responses',
    operations.flatMap(({ responses = {} }) => problemsOf(responses)),
  )
  return document
}

function parametersOf(path: string, parameters: Parameter[]): Place[] {
  return parameters.flatMap((value, nth) => {
    if (value.$ref !== undefined) return []
    const refer = (reference: { $ref: string }) => parameters.splice(nth, 1, reference as Parameter)
    return { name: nameOf(value, path), value, refer }
  })
}

// The example of a path's id is of the collection that it is in. No name differs from a schema's by its capitals alone:
// generators make a file of each.
function nameOf({ in: place, name, required }: Parameter, path: string): string {
  if (place === 'path') return `${collectionOf(path.split(`/{${name}}`)[0] ?? '')}.${name}`
  return `${place}.${name}${required ? '.required' : ''}`
}

function problemsOf(responses: Record<string, Answer>): Place[] {
  return Object.entries(responses).flatMap(([status, value]) => {
    const codes = Object.keys(value.content?.['application/problem+json']?.examples ?? {})
    if (codes.length === 0) return []
    const refer = (reference: object) => Object.assign(responses, { [status]: reference })
    return { name: codes.map((code) => code.replace(/Problem$/, '')).join('Or'), value, refer }
  })
}

/** Of each name, what most places have, if it is more than one. What differs from it stays where it is. */
function shared(kind: string, places: Place[]): Record<string, object> {
  const named = Map.groupBy(places, ({ name }) => name)
  return Object.fromEntries(
    [...named]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, those]) => {
        const alike = [...Map.groupBy(those, ({ value }) => JSON.stringify(value)).values()]
        const [most = []] = alike.toSorted((a, b) => b.length - a.length)
        if (most.length < 2) return []
        for (const { refer } of most) refer({ $ref: `#/components/${kind}/${name}` })
        return most.slice(0, 1).map(({ value }): [string, object] => [name, value])
      }),
  )
}
