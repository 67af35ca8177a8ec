import { z } from 'zod'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** What has always the same length. */
const lengths: Readonly<Record<string, number>> = { uuid: 36, date: 10 }

interface Written {
  zodSchema: z.core.$ZodType
  jsonSchema: JsonSchema
}

/** Corrects what zod writes of a schema, where callers need to read something else of it. */
export function written({ zodSchema, jsonSchema }: Written): void {
  const { def } = zodSchema._zod
  showAs(jsonSchema)
  // Left out by zod where text is transformed, although it is an example of the text.
  const { examples } = z.globalRegistry.get(zodSchema as z.ZodType) ?? {}
  if (examples) jsonSchema.examples = examples as never
  if (def.type === 'default') showPreset(def as z.core.$ZodDefaultDef, jsonSchema)
  const longest = lengths[jsonSchema.format ?? '']
  if (jsonSchema.type === 'string' && longest !== undefined) jsonSchema.maxLength ??= longest
  // The limits of the language, which nobody has set.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.type === 'integer' && fits32Bits(jsonSchema)) jsonSchema.format = 'int32'
  if (def.type !== 'object') return
  // An answer may have more members in a later release; only a request is held to those that it names.
  if ((def as z.core.$ZodObjectDef).catchall === undefined) delete jsonSchema.additionalProperties
}

// Query strings are text; what is meant is, say, a number, and `shownAs` in a schema's metadata says so.
function showAs(jsonSchema: JsonSchema & { shownAs?: JsonSchema }): void {
  const { shownAs, description } = jsonSchema
  if (shownAs === undefined) return
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
  Object.assign(jsonSchema, shownAs, description !== undefined && { description })
}

// zod leaves the default of a transformed value out, since the text that stands for it is another.
function showPreset({ innerType, defaultValue }: z.core.$ZodDefaultDef, jsonSchema: JsonSchema): void {
  const isShownAsMeant = z.globalRegistry.get(innerType as z.ZodType)?.shownAs !== undefined
  if (isShownAsMeant) jsonSchema.default = defaultValue as number
}

/** For those who generate clients in languages that count bits. Of what has no limits nothing is said. */
function fits32Bits({ minimum = -Infinity, maximum = Infinity }: JsonSchema): boolean {
  return minimum >= -(2 ** 31) && maximum < 2 ** 31
}
