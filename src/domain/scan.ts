import { type Element, elementsOf, Malformed } from './gs1-elements.ts'
import { gtin14 } from './identifiers.ts'
import { phrase, type Text } from './language.ts'

/** What a code on a pack says, as far as it concerns whoever counts packs. */
export interface Scan {
  gtin14: string
  lot: string | undefined
  /** YYMMDD, as printed. */
  bestBefore: string | undefined
  /** AI 30. */
  count: number | undefined
}

const noGtin: Text = { en: 'has no GTIN (AI 01)', fr: 'ne porte pas de GTIN (AI 01)' }
const wrongGtin: Text = {
  en: 'has a GTIN with a wrong length or check digit',
  fr: 'porte un GTIN dont la longueur ou la clé est fausse',
}
const wrongLot: Text = {
  en: 'has a lot (AI 10) that is not 1 to 20 GS1 characters',
  fr: 'porte un lot (AI 10) qui n’est pas fait de 1 à 20 caractères GS1',
}

const LOT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/

/**
 * Reads the text that a scanner gives for a GS1 code: of its elements the GTIN (AI 01), the lot (10), the date until
 * which the masks are good (17, or 15 where there is no 17) and a count (30). A GTIN alone, as an EAN-13 gives it, will
 * do. A text that is none of this is told what is wrong with it.
 */
export function readScan(text: string): Scan | { fault: Text } {
  try {
    const elements = elementsOf(text)
    const printed = oneOf(elements, '01')
    if (printed === undefined) return { fault: noGtin }
    const gtin = gtin14(printed)
    if (gtin === undefined) return { fault: wrongGtin }
    const lot = oneOf(elements, '10')
    if (lot !== undefined && !LOT.test(lot)) return { fault: wrongLot }
    const [expires, best] = [dateOf(elements, '17'), dateOf(elements, '15')]
    return { gtin14: gtin, lot, bestBefore: expires ?? best, count: countOf(elements) }
  } catch (error) {
    if (error instanceof Malformed) return { fault: error.fault }
    throw error
  }
}

/**
 * The day that a GS1 date names (General Specifications 7.12): a year of two digits is the one that lies less than 50
 * years back, or 50 ahead at most, and day 00 is the last of the month. Undefined if the calendar has no such day.
 */
export function dayOfYymmdd(yymmdd: string, thisYear: number): string | undefined {
  const [yy = 0, month = 0, day = 0] = yymmdd.match(/\d\d/g)?.map(Number) ?? []
  const ahead = yy - (thisYear % 100)
  const century = Math.floor(thisYear / 100) - (ahead >= 51 ? 1 : ahead <= -50 ? -1 : 0)
  const year = century * 100 + yy
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day > lastDay) return undefined
  return `${year}-${String(month).padStart(2, '0')}-${String(day === 0 ? lastDay : day).padStart(2, '0')}`
}

// 2000 was a leap year, as is each fourth one until 2100: which century it is decides nothing.
const A_YEAR = 2050

function dateOf(elements: readonly Element[], ai: string): string | undefined {
  const yymmdd = oneOf(elements, ai)
  if (yymmdd === undefined) return undefined
  if (/^\d{6}$/.test(yymmdd) && dayOfYymmdd(yymmdd, A_YEAR) !== undefined) return yymmdd
  throw new Malformed({
    en: phrase`has a date (AI ${ai}) that is no day, written YYMMDD`,
    fr: phrase`porte une date (AI ${ai}) qui n’est pas un jour, écrit AAMMJJ`,
  })
}

function countOf(elements: readonly Element[]): number | undefined {
  const count = oneOf(elements, '30')
  if (count === undefined) return undefined
  if (/^\d{1,8}$/.test(count) && Number(count) > 0) return Number(count)
  throw new Malformed({
    en: 'has a count (AI 30) that is not a number of 1 to 8 digits from 1 on',
    fr: 'porte un nombre (AI 30) qui n’est pas fait de 1 à 8 chiffres, à partir de 1',
  })
}

function oneOf(elements: readonly Element[], ai: string): string | undefined {
  const values = new Set(elements.filter((element) => element.ai === ai).map(({ value }) => value))
  if (values.size > 1)
    throw new Malformed({
      en: phrase`says AI ${ai} twice, and not the same`,
      fr: phrase`porte deux fois l’AI ${ai}, avec des valeurs différentes`,
    })
  return [...values][0]
}
