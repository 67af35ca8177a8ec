/** As much of a JSON schema as is compared. */
export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | object
  items?: Schema
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
}

/** Where named schemas are. */
export interface Api {
  components: { schemas: Record<string, Schema> }
}

type Apis = { older: Api; newer: Api }

const LEAST = ['minimum', 'minLength', 'minItems'] as const
const MOST = ['maximum', 'maxLength', 'maxItems'] as const

/** What was right in a request by the older schema, and is not by the newer one. */
export function narrowed(older: Schema, newer: Schema, apis: Apis, path: string): string[] {
  const before = resolved(older, apis.older)
  const after = resolved(newer, apis.newer)
  const ways = waysOf(after)
  if (waysOf(before) || ways) {
    // A way of saying it is kept if one of the newer ways takes all of it.
    return (waysOf(before) ?? [before]).flatMap((way) => {
      const tries = (ways ?? [after]).map((each) => narrowed(way, each, apis, path))
      return tries.find((each) => each.length === 0) ?? tries[0] ?? []
    })
  }
  if (isDigits(before, after)) return []
  if (!isTaken(before, after)) return [`${path}: is now ${String(after.type)}, was ${String(before.type)}`]
  return [...limitBreaks(before, after, path), ...memberBreaks(before, after, apis, path)]
}

/** What an answer had by the older schema, and has no more by the newer one. */
export function shrunk(older: Schema, newer: Schema, apis: Apis, path: string): string[] {
  const before = resolved(older, apis.older)
  const after = resolved(newer, apis.newer)
  const [was, is] = [waysOf(before) ?? [before], waysOf(after) ?? [after]]
  if (was.length > 1 || is.length > 1) {
    return is.flatMap((way) => {
      const tries = was.map((each) => shrunk(each, way, apis, path))
      return tries.find((each) => each.length === 0) ?? tries[0] ?? []
    })
  }
  if (
    before.type !== undefined &&
    after.type !== undefined &&
    !typesOf(after).every((type) => typesOf(before).includes(type))
  )
    return [`${path}: is now ${String(after.type)}, was ${String(before.type)}`]
  const members = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const now = after.properties?.[name]
    if (!now) return [`${path}.${name}: gone`]
    const isLoose = before.required?.includes(name) && !after.required?.includes(name)
    return [
      ...(isLoose ? [`${path}.${name}: may be left out now`] : []),
      ...shrunk(schema, now, apis, `${path}.${name}`),
    ]
  })
  const items = before.items && after.items ? shrunk(before.items, after.items, apis, `${path}[]`) : []
  return [...members, ...items]
}

function limitBreaks(before: Schema, after: Schema, path: string): string[] {
  const values = after.enum ?? ('const' in after ? [after.const] : undefined)
  const known = before.enum ?? ('const' in before ? [before.const] : undefined)
  const isLess = values !== undefined && !(known?.every((value) => values.includes(value)) ?? false)
  const low = LEAST.filter((limit) => (after[limit] ?? -Infinity) > (before[limit] ?? -Infinity))
  const high = MOST.filter((limit) => (after[limit] ?? Infinity) < (before[limit] ?? Infinity))
  const isOther = after.pattern !== undefined && after.pattern !== before.pattern
  return [
    ...(isLess ? [`${path}: takes fewer values`] : []),
    ...[...low, ...high].map((limit) => `${path}: ${limit} is narrower`),
    ...(isOther ? [`${path}: has another pattern`] : []),
  ]
}

function memberBreaks(before: Schema, after: Schema, apis: Apis, path: string): string[] {
  const demanded = (after.required ?? []).filter((name) => !before.required?.includes(name))
  const members = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const now = after.properties?.[name]
    if (now) return narrowed(schema, now, apis, `${path}.${name}`)
    return after.additionalProperties === false ? [`${path}.${name}: gone`] : []
  })
  const items = before.items && after.items ? narrowed(before.items, after.items, apis, `${path}[]`) : []
  return [...demanded.map((name) => `${path}.${name}: now required`), ...members, ...items]
}

function isTaken(before: Schema, after: Schema): boolean {
  if (after.type === undefined) return true
  return before.type !== undefined && typesOf(before).every((type) => typesOf(after).includes(type))
}

// In a query digits are a text: what was said to be a text of digits is now said to be a number.
function isDigits(before: Schema, after: Schema): boolean {
  return before.type === 'string' && after.type === 'integer' && /^\^(\[1-9\])?\\d/.test(before.pattern ?? '')
}

function waysOf({ anyOf, oneOf, ...schema }: Schema): Schema[] | undefined {
  return anyOf ?? oneOf ?? (Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : undefined)
}

function typesOf({ type }: Schema): string[] {
  const types = [type ?? []].flat()
  return types.includes('number') ? [...types, 'integer'] : types
}

// What has no schema takes and gives anything.
function resolved(schema: Schema | undefined, { components }: Api): Schema {
  const name = schema?.$ref?.split('/').at(-1)
  return name === undefined ? (schema ?? {}) : resolved(components.schemas[name] ?? {}, { components })
}
