import type { z } from 'zod'
import { counted, inLanguage, phrase, type Text } from '../domain/language.ts'
import { shownName } from './problem.ts'

type Issue = z.core.$ZodIssue

const own = new Map<string, Text>()

/** What a check of a schema says of a value that fails it: the schema carries the English, which finds the French. */
export function saying(complaint: Text): string {
  const english = inLanguage(complaint, 'en')
  own.set(english, complaint)
  return english
}

/** An issue of a schema that says something with values of the request in it. */
export function issueOf(path: (string | number)[], complaint: Text) {
  return { code: 'custom' as const, path, message: inLanguage(complaint, 'en'), params: { complaint } }
}

/** What an issue of a schema says to whoever sent the value. The value itself is never shown. */
export function complaintOf(issue: Issue): Text {
  const said = own.get(issue.message)
  if (said) return said
  if (issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) return required
  switch (issue.code) {
    case 'invalid_type':
      return types[issue.expected] ?? unfit
    case 'invalid_value':
      return oneOf(issue.values.map(String))
    case 'too_big':
      return isCounted(issue.origin) ? longest(issue.origin, issue) : atMost(issue.maximum)
    case 'too_small':
      return isCounted(issue.origin) ? shortest(issue.origin, issue) : atLeast(issue.minimum)
    case 'invalid_format':
      return formats[issue.format] ?? malformed
    case 'unrecognized_keys':
      return unknownFields(issue.keys)
    case 'custom':
      return (issue.params?.complaint as Text | undefined) ?? { en: issue.message, fr: issue.message }
    default:
      return unfit
  }
}

/** A field that has to be there. */
export const required: Text = { en: 'required', fr: 'obligatoire' }

/** Of the end of a span of time. */
export const afterFrom: Text = { en: 'must lie after from', fr: 'doit être postérieur à from' }

const unfit: Text = { en: 'has none of the forms taken here', fr: 'n’a aucune des formes admises ici' }
const malformed: Text = { en: 'is not well formed', fr: 'est mal formé' }

const types: Record<string, Text> = {
  string: { en: 'must be text, given once', fr: 'doit être un texte, donné une seule fois' },
  number: { en: 'must be a number', fr: 'doit être un nombre' },
  int: { en: 'must be a whole number', fr: 'doit être un nombre entier' },
  boolean: { en: 'must be true or false', fr: 'doit valoir true ou false' },
  array: { en: 'must be a list', fr: 'doit être une liste' },
  object: { en: 'must be a JSON object', fr: 'doit être un objet JSON' },
}

const formats: Record<string, Text> = {
  uuid: { en: 'must be a UUID', fr: 'doit être un UUID' },
  date: { en: 'must be a day such as 2026-11-20', fr: 'doit être une date telle que 2026-11-20' },
  url: { en: 'must be a URL', fr: 'doit être une URL' },
}

interface Limit {
  maximum?: number | bigint
  minimum?: number | bigint
  exact?: boolean | undefined
}

const nouns = {
  string: { en: ['character', 'characters'], fr: ['caractère', 'caractères'] },
  array: { en: ['item', 'items'], fr: ['élément', 'éléments'] },
} as const

function isCounted(origin: string): origin is keyof typeof nouns {
  return origin in nouns
}

function longest(origin: keyof typeof nouns, { maximum, exact }: Limit): Text {
  const { en, fr } = sized(origin, Number(maximum))
  if (exact) return exactly({ en, fr })
  return { en: phrase`must have at most ${en}`, fr: phrase`doit compter au plus ${fr}` }
}

function shortest(origin: keyof typeof nouns, { minimum, exact }: Limit): Text {
  if (minimum === 1 && !exact) return { en: 'must not be empty', fr: 'ne doit pas être vide' }
  const { en, fr } = sized(origin, Number(minimum))
  if (exact) return exactly({ en, fr })
  return { en: phrase`must have at least ${en}`, fr: phrase`doit compter au moins ${fr}` }
}

type Sized = Record<'en' | 'fr', ReturnType<typeof counted>>

function exactly({ en, fr }: Sized): Text {
  return { en: phrase`must have exactly ${en}`, fr: phrase`doit compter exactement ${fr}` }
}

function sized(origin: keyof typeof nouns, size: number): Sized {
  const { en, fr } = nouns[origin]
  return { en: counted(size, en[0], en[1]), fr: counted(size, fr[0], fr[1]) }
}

function atMost(maximum: number | bigint): Text {
  const most = Number(maximum)
  return { en: phrase`must be at most ${most}`, fr: phrase`doit être inférieur ou égal à ${most}` }
}

function atLeast(minimum: number | bigint): Text {
  const least = Number(minimum)
  return { en: phrase`must be at least ${least}`, fr: phrase`doit être supérieur ou égal à ${least}` }
}

function oneOf(values: readonly string[]): Text {
  const list = values.join(', ')
  if (values.length === 1) return { en: phrase`must be ${list}`, fr: phrase`doit valoir ${list}` }
  return { en: phrase`must be one of ${list}`, fr: phrase`doit être une de ces valeurs : ${list}` }
}

const MOST_NAMES = 10

/** Of names that an object may not have. */
export function unknownFields(keys: readonly string[]): Text {
  const names = keys.slice(0, MOST_NAMES).map(shownName).join(', ')
  if (keys.length === 1) return { en: phrase`unknown field ${names}`, fr: phrase`champ inconnu ${names}` }
  return { en: phrase`unknown fields ${names}`, fr: phrase`champs inconnus ${names}` }
}
