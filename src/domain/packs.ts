import { gtin14 } from './identifiers.ts'
import { phrase, type Text } from './language.ts'
import { invalid, Rejection } from './refusals.ts'
import { dayOfYymmdd, readScan, type Scan } from './scan.ts'

/** A pack, as a caller named it, if at all. */
export interface SaidPack {
  gtin?: string | undefined
  /** Has been found to be readable. */
  scan?: string | undefined
}

/** How many masks of what, as a caller said it: by product and quantity, by GTIN and boxes, or by a scan. */
export interface SaidMasks extends SaidPack {
  product?: string | undefined
  quantity?: number | undefined
  boxes?: number | undefined
  lot?: string | undefined
  bestBefore?: string | undefined
}

/** How many masks somebody counted: single ones, or boxes and loose masks. */
export interface SaidCount extends SaidPack {
  onHand?: number | undefined
  onHandBoxes?: number | undefined
}

/** Single masks of a product, and what their pack says of them. */
export interface SingleMasks {
  product: string
  quantity: number
  lot: string | undefined
  bestBefore: string | undefined
}

/** A pack of the catalogue. */
export interface Pack {
  product: string
  unitsPerBox: number
}

/** The packs that the catalogue has, of those asked for, by GTIN in 14 digits, and the year by the database's clock. */
export interface PackFacts {
  packs: ReadonlyMap<string, Pack>
  year: number
}

const MOST_MASKS = 1_000_000

const anotherProduct: Text = { en: 'is a pack of another product', fr: 'est une boîte d’un autre masque' }
const dateOutside: Text = {
  en: 'has a date outside 2000-01-01 to 2099-12-31',
  fr: 'porte une date hors de la période du 2000-01-01 au 2099-12-31',
}
const notTheScans: Text = { en: 'is not that of the scan', fr: 'n’est pas celui du code lu' }
const tooMany: Text = {
  en: phrase`comes to more than ${MOST_MASKS} single masks`,
  fr: phrase`fait plus de ${MOST_MASKS} masques`,
}

/** The GTIN in 14 digits of a pack that somebody named; undefined where they named none. */
export function namedPack({ gtin, scan }: SaidPack): string | undefined {
  return gtin === undefined ? scan && scanOf(scan).gtin14 : gtin14(gtin)
}

/**
 * The masks that somebody named in any of the ways; `path` leads to where they did (`lines[0].`). Throws
 * `product_unknown` for a pack that the catalogue lacks, and `invalid_request` for more masks than can be meant, and
 * for a lot or date that is not that of the scan.
 */
export function singleMasks(said: SaidMasks, facts: PackFacts, path: string): SingleMasks {
  const { product, quantity, lot, bestBefore, boxes = 1 } = said
  if (product !== undefined && quantity !== undefined) return { product, quantity, lot, bestBefore }
  const pack = packOf(said, facts, path)
  const field = said.boxes !== undefined ? 'boxes' : 'scan'
  return {
    product: pack.product,
    quantity: atMost(boxes * pack.masks, `${path}${field}`),
    ...printedOn(said, facts.year, path),
  }
}

/** The masks that each of some lines names, as `singleMasks` finds them. */
export function singleMaskLines(lines: readonly SaidMasks[], facts: PackFacts): SingleMasks[] {
  return lines.map((line, index) => singleMasks(line, facts, `lines[${index}].`))
}

/**
 * The single masks that somebody counted of a product. Throws as `singleMasks` does, and for another product's pack.
 */
export function countedMasks(said: SaidCount, facts: PackFacts, product: string): number {
  const counted = countedLine({ product, ...said }, facts, '')
  if (counted.product !== product) throw invalid(fieldOf(said), anotherProduct)
  return counted.onHand
}

/** What somebody counted: of the pack that they named, if they did, else of a product. Throws as `singleMasks` does. */
export function countedLine(
  said: SaidCount & { product?: string | undefined },
  facts: PackFacts,
  path: string,
): { product: string; onHand: number } {
  const { product, onHand = 0, onHandBoxes = 1 } = said
  if (product !== undefined && namedPack(said) === undefined) return { product, onHand }
  const pack = packOf(said, facts, path)
  const field = said.onHandBoxes === undefined ? 'scan' : 'onHandBoxes'
  return { product: pack.product, onHand: atMost(onHandBoxes * pack.masks + onHand, `${path}${field}`) }
}

function packOf(said: SaidPack, { packs }: PackFacts, path: string): { product: string; masks: number } {
  const pack = packs.get(namedPack(said) ?? '')
  if (!pack) throw new Rejection('product_unknown', notInCatalogue(`${path}${fieldOf(said)}`))
  const masks = said.scan === undefined ? pack.unitsPerBox : masksIn(scanOf(said.scan), pack)
  return { product: pack.product, masks }
}

/**
 * The masks that a code stands for. A count on it (AI 30) is of packs, with two exceptions. Of a pack whose contents
 * vary, which has a GTIN that begins with 9, it is the number of masks in it, which is what the General Specifications
 * (3.6.1) have it for. And a label that says how many masks a pack of a fixed number holds only repeats the catalogue.
 */
function masksIn({ gtin14: code, count }: Scan, { unitsPerBox }: Pack): number {
  if (count === undefined || count === unitsPerBox) return unitsPerBox
  return code.startsWith('9') ? count : count * unitsPerBox
}

function printedOn(said: SaidMasks, year: number, path: string): Pick<SingleMasks, 'lot' | 'bestBefore'> {
  const { lot, bestBefore } = said
  if (said.scan === undefined) return { lot, bestBefore }
  const scan = scanOf(said.scan)
  const day = scan.bestBefore && dayOfYymmdd(scan.bestBefore, year)
  if (day !== undefined && (day < '2000-01-01' || day > '2099-12-31')) {
    throw invalid(`${path}scan`, dateOutside)
  }
  return { lot: same(`${path}lot`, lot, scan.lot), bestBefore: same(`${path}bestBefore`, bestBefore, day) }
}

function same(path: string, said: string | undefined, printed: string | undefined): string | undefined {
  if (said !== undefined && printed !== undefined && said !== printed) throw invalid(path, notTheScans)
  return said ?? printed
}

function atMost(masks: number, path: string): number {
  if (masks > MOST_MASKS) throw invalid(path, tooMany)
  return masks
}

function notInCatalogue(field: string): Text {
  return {
    en: phrase`${field}: is not a pack of the catalogue.`,
    fr: phrase`${field} : n’est pas une boîte du catalogue.`,
  }
}

function fieldOf({ scan }: SaidPack): string {
  return scan === undefined ? 'gtin' : 'scan'
}

function scanOf(text: string): Scan {
  const read = readScan(text)
  if ('fault' in read) throw new RangeError('the scan was not validated')
  return read
}
