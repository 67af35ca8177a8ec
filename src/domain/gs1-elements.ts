import { phrase, type Text } from './language.ts'

/** One element of a GS1 code: an application identifier (AI) and what it says. */
export interface Element {
  ai: string
  value: string
}

/** Thrown at a text that is no GS1 code, and says why, in public. */
export class Malformed extends Error {
  readonly fault: Text

  constructor(fault: Text) {
    super('a malformed GS1 code')
    this.fault = fault
  }
}

const notGs1: Text = { en: 'is not the text of a GS1 code', fr: 'n’est pas le texte d’un code GS1' }
const notALink: Text = { en: 'is not a GS1 Digital Link', fr: 'n’est pas un GS1 Digital Link' }
const noGtin: Text = { en: 'is a link without a GTIN', fr: 'est un lien sans GTIN' }

// How scanners and programs print the separator FNC1: the control character itself, in words, as an escape, as the
// DataMatrix codeword 232, or as one of the characters that no value may hold.
const SEPARATOR =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: one is what separates.
  /\u001d|\u241d|\u00e8|[<{[](?:GS|FNC1|1D|0x1D)[>}\]]|\\(?:u001d|x1d|035|F|G)|\^\]|\^(?:FNC1|GS)?|[|~#@\s]/gi
const GS = '\u001d'

// AIM ISO/IEC 15424: «]», a letter for the symbology and a modifier.
const SYMBOLOGY = /^\][A-Za-z][0-9A-Za-z]/

/**
 * Takes the text of a GS1 code apart, however the scanner gives it: as a plain GTIN, as element strings with or without
 * a symbology identifier and separators, with AIs in brackets, or as a Digital Link. Throws Malformed.
 */
export function elementsOf(text: string): Element[] {
  const bare = text.trim().replace(SYMBOLOGY, '').trim()
  if (/^(?:\d{8}|\d{12,14})$/.test(bare)) return [{ ai: '01', value: bare }]
  if (/^https?:\/\//i.test(bare)) return linkElements(bare)
  if (/^[([]\d{2,4}[)\]]/.test(bare)) return bracketedElements(bare)
  const compact = bare.replace(SEPARATOR, GS)
  return compact.includes(GS) ? elementStrings(compact) : elementStrings(compact).flatMap(withoutSeparators)
}

function bracketedElements(text: string): Element[] {
  const parts = text
    .replaceAll(GS, '')
    .replaceAll('\u241d', '')
    .split(/[([](\d{2,4})[)\]]/)
  const elements: Element[] = []
  for (let nth = 1; nth < parts.length; nth += 2) {
    elements.push({ ai: parts[nth] ?? '', value: (parts[nth + 1] ?? '').trim() })
  }
  return elements
}

// General Specifications 7.8.5, «Element strings with predefined length»: by the first two digits, the length of the
// AI and its value together. All others end at a separator or at the end of the text.
const PREDEFINED = new Map([
  ['00', 20],
  ...['01', '02', '03'].map((ai) => [ai, 16] as const),
  ['04', 18],
  ...['11', '12', '13', '14', '15', '16', '17', '18', '19'].map((ai) => [ai, 8] as const),
  ['20', 4],
  ...['31', '32', '33', '34', '35', '36'].map((ai) => [ai, 10] as const),
  ['41', 16],
])

function elementStrings(text: string): Element[] {
  const elements: Element[] = []
  for (let rest = withoutLeading(text); rest !== ''; ) {
    // Of AIs with more than two digits nothing is needed but where they end.
    const ai = /^\d\d/.exec(rest)?.[0]
    if (ai === undefined) throw new Malformed(notGs1)
    const length = PREDEFINED.get(ai) ?? lengthToSeparator(rest)
    const value = rest.slice(2, length)
    if (length > rest.length || value.includes(GS)) throw new Malformed(endsWithin(ai))
    if (value === '') throw new Malformed(saysNothing(ai))
    elements.push({ ai, value })
    rest = withoutLeading(rest.slice(length))
  }
  return elements
}

function endsWithin(ai: string): Text {
  return { en: phrase`ends within AI ${ai}`, fr: phrase`s’arrête au milieu de l’AI ${ai}` }
}

function saysNothing(ai: string): Text {
  return { en: phrase`says nothing for AI ${ai}`, fr: phrase`ne dit rien pour l’AI ${ai}` }
}

// A separator may stand before the first element, and after one whose length is known.
function withoutLeading(text: string): string {
  let start = 0
  while (text[start] === GS) start++
  return text.slice(start)
}

function lengthToSeparator(text: string): number {
  const end = text.indexOf(GS)
  return end < 0 ? text.length : end
}

const DATE = String.raw`\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])`
const LOT_THEN = new RegExp(String.raw`^(?<lot>.+?)(?:(?<date>1[57])(?<day>${DATE}))(?:30(?<count>\d{1,8}))?$`)

/**
 * A scanner that drops separators runs a lot into what follows it. What ends like a date or a date and a count is
 * taken for these, since dates stand on nearly every pack, while hardly a lot ends like one.
 */
function withoutSeparators(element: Element): Element[] {
  const found = element.ai === '10' ? LOT_THEN.exec(element.value)?.groups : undefined
  if (!found) return [element]
  const { lot = '', date = '', day = '', count } = found
  return [
    { ai: '10', value: lot },
    { ai: date, value: day },
    ...(count === undefined ? [] : [{ ai: '30', value: count }]),
  ]
}

// GS1 Digital Link: the key in the path (/01/GTIN/10/lot), the rest there or in the query.
function linkElements(text: string): Element[] {
  if (!URL.canParse(text)) throw new Malformed(notALink)
  const { pathname, searchParams } = new URL(text)
  const parts = pathname.split('/').slice(1)
  const start = parts.findIndex((part, nth) => ['01', 'gtin'].includes(part) && /^\d{8,14}$/.test(parts[nth + 1] ?? ''))
  if (start < 0) throw new Malformed(noGtin)
  const elements: Element[] = []
  for (let nth = start; nth + 1 < parts.length; nth += 2) {
    elements.push({ ai: NAMES.get(parts[nth] ?? '') ?? parts[nth] ?? '', value: decoded(parts[nth + 1] ?? '') })
  }
  return [...elements, ...[...searchParams].map(([ai, value]) => ({ ai, value }))]
}

// Spelt out in links of the first version of the standard.
const NAMES = new Map([
  ['gtin', '01'],
  ['lot', '10'],
])

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Malformed(notALink)
  }
}
