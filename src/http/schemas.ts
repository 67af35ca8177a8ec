import { z } from 'zod'
import { finessNumber, professionalId } from '../domain/identifiers.ts'
import { FIRST_RECORDED, type Instant, instantOf, isNameable, iso, NAMEABLE } from '../domain/instant.ts'
import { day as dayInWords, phrase } from '../domain/language.ts'
import { saying } from './complaint.ts'
import { PHARMACY, PROFESSIONAL } from './documentation/example-values.ts'

/** Masks: whole numbers, 1 to 1,000,000. */
export const quantity = z.int().min(1).max(1_000_000).describe('Single masks.')

/** A pharmacy's FINESS number, with a right key. */
export const finess = z
  .string()
  .max(20)
  .refine(
    (text) => finessNumber(text) === text,
    saying({
      en: 'must be a FINESS number: 9 characters with a right key',
      fr: 'doit être un numéro FINESS : 9 caractères avec une clé juste',
    }),
  )
  .meta({ description: 'FINESS number.', examples: [PHARMACY], pattern: '^(?:\\d\\d|2[AB])\\d{7}$' })

/** An RPPS or ADELI number, with a national prefix (8 or 0) removed. */
export const professional = z
  .string()
  .max(20)
  .refine(
    (text) => professionalId(text) !== undefined,
    saying({
      en: 'must be an RPPS number (11 digits with a right key) or an ADELI number (9 characters)',
      fr: 'doit être un numéro RPPS (11 chiffres avec une clé juste) ou ADELI (9 caractères)',
    }),
  )
  .transform((text) => professionalId(text) ?? text)
  .describe('RPPS or ADELI number; a national prefix (8 or 0) is removed.')
  .meta({ examples: [PROFESSIONAL], pattern: '^[0-9A-Ja-j \\u00a0\\u202f]{9,20}$' })

/** The directory's code of a profession. */
export const profession = z
  .string()
  .regex(
    /^[0-9A-Z]{1,10}$/,
    saying({
      en: 'must be a code of the directory, such as "10"',
      fr: 'doit être un code de l’annuaire, tel que « 10 »',
    }),
  )
  .meta({ maxLength: 10 })

/** A catalogue code. */
export const product = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,39}$/,
    saying({
      en: 'must be a product code: up to 40 of a-z, 0-9, _ and -',
      fr: 'doit être un code de masque : 40 caractères au plus parmi a-z, 0-9, _ et -',
    }),
  )
  .describe('Code of a product in the catalogue.')
  .meta({ examples: ['surgical'], maxLength: 40 })

export const territory = z
  .string()
  .regex(
    /^FR(-[0-9A-Z]{1,3})?$/,
    saying({
      en: 'must be FR or an ISO 3166-2 code such as FR-31',
      fr: 'doit être FR ou un code ISO 3166-2 tel que FR-31',
    }),
  )
  .describe('ISO 3166-2 code.')
  .meta({ examples: ['FR-31'], maxLength: 6 })

/** RFC 3339 in, Instant out: a time that a caller names. */
export const instant = z
  .string()
  .max(40)
  .refine(
    isInstant,
    saying({
      en: 'must be an RFC 3339 time with an offset, such as 2026-11-20T09:30:00.000Z',
      fr: 'doit être une heure RFC 3339 avec son décalage, telle que 2026-11-20T09:30:00.000Z',
    }),
  )
  .transform(instantOf)
  .refine(
    isNameable,
    saying({
      en: phrase`must lie between ${dayInWords(NAMEABLE.first)} and ${dayInWords(NAMEABLE.last)} (UTC)`,
      fr: phrase`doit être compris entre le ${dayInWords(NAMEABLE.first)} et le ${dayInWords(NAMEABLE.last)} (UTC)`,
    }),
  )
  .meta({ format: 'date-time' })

/** When something happened that a caller records. The verb holds it against the database's clock too. */
export const recordedInstant = instant
  .refine(
    (given) => given >= FIRST_RECORDED,
    saying({
      en: phrase`must not lie before ${dayInWords(FIRST_RECORDED)} (UTC)`,
      fr: phrase`ne doit pas précéder le ${dayInWords(FIRST_RECORDED)} (UTC)`,
    }),
  )
  .meta({ format: 'date-time' })

/** A day of the calendar within what a caller may name. */
export const day = dayBetween(NAMEABLE.first, NAMEABLE.last)

/** The day until which masks are good. Those of stocks of former epidemics were given out years after it. */
export const bestBeforeDay = dayBetween(Date.parse('2000-01-01'), Date.parse('2099-12-31'))

/** An instant as answers show it: RFC 3339, UTC, milliseconds. */
export const time = z.string().meta({ format: 'date-time', maxLength: 24 })

/** Text written by people: no control characters. */
export const text = (longest: number) => textOrNone(longest).min(1)

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const PRINTABLE = /^[^\u0000-\u001f\u007f]*$/

/** Text written by people, or `""` if there is none. */
export const textOrNone = (longest: number) =>
  z
    .string()
    .trim()
    .max(longest)
    .regex(
      PRINTABLE,
      saying({ en: 'must not hold control characters', fr: 'ne doit pas contenir de caractères de contrôle' }),
    )

/** In answers, a text of a closed list, to which the database or the verb that wrote it holds it. */
export const oneOf = (values: readonly string[]) => z.string().meta({ shownAs: { type: 'string', enum: [...values] } })

/** What GET shows of a resource besides what PUT changes: taken back with the rest, and ignored. */
export const shownOnly = z.unknown().optional().describe('As GET shows it; changes nothing.')

/** RFC 9562: upper and lower case mean the same. We write lower case. */
export const uuid = z.uuid().toLowerCase()

/** A whole number in a query string. */
export const queryInteger = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, saying({ en: 'must be a whole number', fr: 'doit être un nombre entier' }))
    .transform(Number)
    .pipe(z.int().min(low).max(high))
    .meta({ shownAs: { type: 'integer', minimum: low, maximum: high } })

export const window = z
  .object({ start: time, end: time.nullable() })
  .meta({ id: 'Window', description: 'From start (inclusive) to end (exclusive); a rolling window ends now.' })

export const source = z.object({ title: z.string(), reference: z.string(), url: z.string().nullable() })
export const citedRule = z.object({ id: uuid, source }).meta({ id: 'CitedRule' })
export const ruleVersion = citedRule
  .extend({ publishedAt: time })
  .meta({ id: 'RuleVersion', description: 'A rule is never edited: its id, published at that time, is its version.' })
export const productQuantity = z.object({ product: z.string(), quantity: z.int() })

function dayBetween(first: Instant, last: Instant) {
  const [from, to] = [first, last].map((time) => iso(time).slice(0, 10)) as [string, string]
  return z.iso.date().refine(
    (given) => given >= from && given <= to,
    saying({
      en: phrase`must lie between ${dayInWords(first)} and ${dayInWords(last)}`,
      fr: phrase`doit être compris entre le ${dayInWords(first)} et le ${dayInWords(last)}`,
    }),
  )
}

function isInstant(given: string): boolean {
  try {
    iso(instantOf(given))
    return true
  } catch {
    return false
  }
}
