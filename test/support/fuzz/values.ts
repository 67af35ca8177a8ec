import { fc } from '../seed.ts'

/** As much of a JSON schema as the OpenAPI document uses. */
export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  type?: string
  const?: unknown
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
}

/** What makes values: how to find a schema's name, and what exists for members that name something. */
export interface Source {
  schemas: Record<string, Schema>
  /**
   * Values by the name of a member or parameter, such as the numbers of pharmacies that there are. Others are made up
   * too, but for what has one alone.
   */
  known: Readonly<Record<string, readonly unknown[]>>
}

type Arbitrary = fc.Arbitrary<unknown>

/** What no schema allows, or what one that is written carelessly does. */
const nasty: Arbitrary = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', [], {}, 0, -1, -0, 1.5, 1e21, 1e308, 2 ** 31, 2 ** 53, 1_000_001, '1', ' 1'),
  fc.constantFrom(
    '\0',
    'a\u0000b',
    '\ud800',
    '\u202e',
    '％',
    "'; drop table stock; --",
    '../../etc/passwd',
    '\r\nX-A: b',
    'NaN',
    'null',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00.000Z',
    '2026-02-30T00:00:00Z',
    '٣',
  ),
  fc.constantFrom(...['__proto__', 'constructor', 'toString'].map((name) => JSON.parse(`{"${name}":{"a":1}}`))),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant('x'.repeat(5_000)),
  fc.anything({ maxDepth: 3, withNullPrototype: false }).filter((value) => JSON.stringify(value) !== undefined),
)

/** A value as the schema wants it, mostly: each part of it may be left out, be of another kind, or too much. */
export function anyValueOf(schema: Schema, source: Source, name = ''): Arbitrary {
  return fc.oneof({ weight: 120, arbitrary: rightOf(schema, source, name) }, { weight: 1, arbitrary: nasty })
}

function rightOf(schema: Schema, source: Source, name: string): Arbitrary {
  const known = source.known[name]
  if (known?.length === 1) return fc.constant(known[0])
  if (known)
    return fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: madeUp(schema, source) },
    )
  return madeUp(schema, source)
}

function madeUp(schema: Schema, source: Source): Arbitrary {
  if (schema.$ref !== undefined) return madeUp(source.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, source)
  const ways = schema.anyOf ?? schema.oneOf
  if (ways) return fc.oneof(...ways.map((way) => madeUp(way, source)))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return objectOf(schema, source)
    case 'array':
      return fc.array(anyValueOf(schema.items ?? {}, source), { minLength: schema.minItems ?? 0, maxLength: 4 })
    case 'integer':
    case 'number':
      return numberOf(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      return textOf(schema)
    default:
      return nasty
  }
}

// None that somebody may be called: the tests listen for names in what is answered.
const unknownName = fc.oneof(
  fc.constantFrom('__proto__', 'Quantity', 'product '),
  fc.string().map((text) => `x-${text}`),
)

function objectOf({ properties = {}, required = [] }: Schema, source: Source): Arbitrary {
  const members = Object.entries(properties).map(([name, schema]) => {
    const value = anyValueOf(schema, source, name)
    const [isThere, isNot] = required.includes(name) ? [120, 1] : [1, 5]
    return fc.oneof(
      { weight: isThere, arbitrary: value.map((made) => [[name, made]]) },
      { weight: isNot, arbitrary: fc.constant([]) },
    )
  })
  const unknown = fc.oneof(
    { weight: 120, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(unknownName, nasty).map((member) => [member]) },
  )
  return fc.tuple(...members, unknown).map((made) => Object.fromEntries(made.flat() as [string, unknown][]))
}

function numberOf({ minimum = -1e9, maximum = 1e9 }: Schema): Arbitrary {
  const [low, high] = [Math.max(minimum, Number.MIN_SAFE_INTEGER), Math.min(maximum, Number.MAX_SAFE_INTEGER)]
  const within = fc.integer({ min: Math.ceil(low), max: Math.floor(high) })
  const small = fc.integer({ min: Math.ceil(low), max: Math.floor(Math.min(high, low + 20)) })
  return fc.oneof({ weight: 8, arbitrary: small }, within, fc.constantFrom(low, high, low - 1, high + 1))
}

const NOW = Date.UTC(2026, 10, 29)
const DAY_MS = 86_400_000

function textOf({ format, pattern, minLength = 0, maxLength = 40 }: Schema): Arbitrary {
  if (format === 'uuid') return fc.uuid()
  if (format === 'date-time') return timeOf()
  if (format === 'date') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
  if (format === 'uri') return fc.webUrl()
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'))
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength + 1, minLength + 40) })
}

// Of the machine's own clock, as tills have them, and now and then of any other.
function timeOf(): Arbitrary {
  const near = fc.integer({ min: -600_000, max: 0 }).map((ms) => new Date(Date.now() + ms).toISOString())
  const far = fc.date({ min: new Date(NOW - 400 * DAY_MS), max: new Date(NOW + 400 * DAY_MS), noInvalidDate: true })
  const any = fc.date({ noInvalidDate: true })
  return fc.oneof(
    { weight: 8, arbitrary: near },
    far.map(String),
    far.map((date) => date.toISOString()),
    any.map(toText),
  )
}

function toText(date: Date): string {
  return date.toISOString()
}
