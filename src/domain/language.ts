import type { Instant } from './instant.ts'

/** The languages that people are answered in. */
export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]

/**
 * What somebody is told, written in each language side by side: `{ en: 'gone', fr: 'disparu' }`, and with the tag
 * `phrase` where there are values in it. Which of them is read is known at the edge alone, and only that one is put
 * together.
 */
export type Text = Readonly<Record<Language, Phrase>>

type Phrase = string | Template

interface Template {
  parts: readonly string[]
  values: readonly Value[]
}

/** Figures are written the language's way; a function writes what takes more than that. */
type Value = string | number | Text | Writer
type Writer = (language: Language) => string

/** A phrase with values in it, for one language of a Text. Figures and dates go in as they are, not as strings. */
export function phrase(parts: TemplateStringsArray, ...values: Value[]): Template {
  return { parts, values }
}

/** The text in a language. */
export function inLanguage(text: Text, language: Language): string {
  const given = text[language]
  const written = typeof given === 'string' ? given : filled(given, language)
  return language === 'fr' ? spaced(written) : written
}

/** A figure with what it counts, `1 mask` or `1,200 masks`. */
export function counted(count: number, one: string, other: string): Writer {
  return (language) => {
    const noun = plurals[language].select(count) === 'one' ? one : other
    return `${figures[language].format(count)}${language === 'fr' ? '\u00a0' : ' '}${noun}`
  }
}

/** An instant to the minute, `5 March 2026 at 10:00 CET`, in a time zone that it names. */
export function moment(instant: Instant, timeZone = 'UTC'): Writer {
  return (language) => dated(clock(language, timeZone).format(instant), language)
}

/** A day of the calendar in UTC, `5 March 2026`. */
export function day(instant: Instant): Writer {
  return (language) => dated(days[language].format(instant), language)
}

// In French the first of a month alone is an ordinal.
function dated(written: string, language: Language): string {
  return language === 'fr' ? written.replace(/^1 /, '1er ') : written
}

const locales = { en: 'en-GB', fr: 'fr-FR' }
const figures = inEach((locale) => new Intl.NumberFormat(locale))
const plurals = inEach((locale) => new Intl.PluralRules(locale))
const days = inEach((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }))
const clocks = new Map<string, Intl.DateTimeFormat>()

function inEach<T>(make: (locale: string) => T): Record<Language, T> {
  return { en: make(locales.en), fr: make(locales.fr) }
}

// To make a clock takes longer than all the rest of an answer. There are as many as territories have time zones.
function clock(language: Language, timeZone: string): Intl.DateTimeFormat {
  const name = `${language} ${timeZone}`
  const known = clocks.get(name)
  if (known) return known
  const made = new Intl.DateTimeFormat(locales[language], {
    ...({ day: 'numeric', month: 'long', year: 'numeric' } as const),
    ...({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short', timeZone } as const),
  })
  clocks.set(name, made)
  return made
}

function filled({ parts, values }: Template, language: Language): string {
  return parts
    .map((part, index) => part + (index < values.length ? written(values[index] ?? '', language) : ''))
    .join('')
}

function written(value: Value, language: Language): string {
  if (typeof value === 'function') return value(language)
  if (typeof value === 'number') return figures[language].format(value)
  return typeof value === 'string' ? value : inLanguage(value, language)
}

/** French sets a space before and within some marks, at which no line may break. Sources have ordinary ones. */
function spaced(french: string): string {
  return french.replace(/ (?=[:»])|(?<=«) /g, '\u00a0').replace(/ (?=[;!?])/g, '\u202f')
}
