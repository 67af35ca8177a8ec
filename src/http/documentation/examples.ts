import { hash } from 'node:crypto'
import { DAY, TIME, values } from './example-values.ts'

/** As much of a JSON schema as examples are made of. */
export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minItems?: number
  format?: string
  minimum?: number
}

/** Where an example is made. */
export interface Place {
  schemas: Readonly<Record<string, object>>
  /** What it is about, by which its members are known. */
  collection: string
  /** What a bare `id` is. */
  id: string
  /** A request has what it must have: whoever fills it in does not want all that could be there. */
  isRequest: boolean
}

/**
 * What stands where a schema should have said an example of itself.
 * @internal
 */
export const LACKING = 'an example is lacking'

/** An example of a schema: its own, if it has one, or one made of its members, which are known by their names. */
export function exampleOf(schema: Schema, place: Place, name = ''): unknown {
  if (schema.examples) return schema.examples[0]
  if (schema.$ref !== undefined) return exampleOf(place.schemas[lastOf(schema.$ref)] ?? {}, place, name)
  const ways = schema.oneOf ?? schema.anyOf?.toSorted((a, b) => Number(isNull(a)) - Number(isNull(b)))
  if (ways?.[0]) return exampleOf(ways[0], place, name)
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const type = typeOf(schema)
  if (type === 'object') return objectOf(schema, place, name)
  if (type === 'array') return arrayOf(schema, place, name)
  return scalarOf(schema, place, name)
}

/** An id that is always the same for a collection: a sandbox has an object with it. */
export function idIn(collection: string): string {
  const digits = hash('sha256', collection)
  return `019ad0c4-5a00-7${digits.slice(0, 3)}-8${digits.slice(3, 6)}-${digits.slice(6, 18)}`
}

/** The collection that a path is about: the last plural in it. */
export function collectionOf(path: string): string {
  return path.split('/').findLast((part) => /^[a-z-]+s$/.test(part)) ?? ''
}

function objectOf({ properties = {}, required = [] }: Schema, place: Place, name: string): object {
  const shown = Object.entries(properties).filter(([member]) => !place.isRequest || required.includes(member))
  const own = name === '' || name === 'items' ? place : within(place, collections[name] ?? `${name}s`)
  return Object.fromEntries(shown.map(([member, schema]) => [member, exampleOf(schema, own, member)]))
}

/** A place inside another that is about something else. */
export function within(place: Place, collection: string): Place {
  return { ...place, collection, id: idIn(collection) }
}

function arrayOf({ items = {}, minItems = 0 }: Schema, place: Place, name: string): unknown[] {
  return place.isRequest && minItems === 0 ? [] : [exampleOf(items, place, name)]
}

function scalarOf(schema: Schema, place: Place, name: string): unknown {
  const { format, minimum } = schema
  const type = typeOf(schema)
  if (format === 'uuid') return name === 'id' || name === '' ? place.id : idIn(collections[name] ?? `${name}s`)
  if (format === 'date-time') return TIME
  if (format === 'date') return DAY
  if (type === 'null') return null
  if (type === 'boolean') return true
  const known = [`${place.collection}.${name}`, name].map((each) => values[each]).find((each) => each !== undefined)
  if (type === 'integer' || type === 'number') return typeof known === 'number' ? known : (minimum ?? 1)
  return known === null || typeof known === 'string' ? known : LACKING
}

const collections: Readonly<Record<string, string>> = {
  rule: 'allocation-rules',
  entry: 'dispensations',
  entries: 'dispensations',
  reverses: 'dispensations',
  collectedBy: 'dispensations',
  reservations: 'reservations',
  holds: 'reservations',
  secrets: 'secrets',
  movements: 'stock-movements',
}

function typeOf({ type }: Schema): string | undefined {
  return Array.isArray(type) ? type.find((each) => each !== 'null') : type
}

function isNull(schema: Schema): boolean {
  return schema.type === 'null'
}

function lastOf(reference: string): string {
  return reference.split('/').at(-1) ?? ''
}
