import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { LACKING } from '../../src/http/documentation/examples.ts'
import { dereferenced } from './references.ts'

interface Media {
  schema: object
  example?: unknown
  /** Of problems, by code, among the components. */
  examples?: Record<string, { $ref: string }>
}

interface Parameter {
  name: string
  required?: boolean
  schema: object
  example?: unknown
}

interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { examples: Record<string, { value: unknown }> }
}

/** A place of the document that should have an example, with that and what it is an example of. */
interface Exemplified {
  where: string
  schema: object
  example: unknown
}

/** What is wrong with the examples of a document: each body, answer and required parameter has one that is right. */
export function faultsOfExamples(document: object): string[] {
  const { paths, components } = dereferenced(document) as Document
  const ajv = new Ajv.default({ strict: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'api', components })
  return placesOf({ paths, components }).flatMap(({ where, schema, example }) => {
    if (example === undefined) return [`${where} has no example`]
    if (JSON.stringify(example).includes(LACKING)) return [`${where} lacks one: ${JSON.stringify(example)}`]
    const isRight = ajv.validate(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')), example)
    return isRight ? [] : [`${where}: ${ajv.errorsText()} in ${JSON.stringify(example)}`]
  })
}

function placesOf({ paths, components }: Document): Exemplified[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [], requestBody, responses }]) => {
      const name = `${method.toUpperCase()} ${path}`
      const needed = parameters.filter(({ required }) => required)
      return [
        ...needed.map(({ name: parameter, ...rest }) => exemplified(`${name} ${parameter}`, rest)),
        ...Object.values(requestBody?.content ?? {}).map((media) => exemplified(`${name} request`, media)),
        ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
          Object.values(content).flatMap(({ schema, example, examples }) =>
            Object.entries(examples ?? { '': undefined }).map(([code]) => ({
              where: `${name} ${status} ${code}`,
              schema,
              example: example ?? components.examples[code]?.value,
            })),
          ),
        ),
      ]
    }),
  )
}

function exemplified(where: string, { schema, example }: Media): Exemplified {
  return { where, schema, example }
}
