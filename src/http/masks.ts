import { z } from 'zod'
import { gtin } from '../domain/identifiers.ts'
import type { Text } from '../domain/language.ts'
import { readScan } from '../domain/scan.ts'
import { issueOf, saying } from './complaint.ts'
import { bestBeforeDay, product, quantity, recordedInstant, text } from './schemas.ts'
import { inOneWay, type Way } from './ways.ts'

/** What is said of a text that is no GTIN. */
export const notAGtin: Text = {
  en: 'must be a GTIN: 8, 12, 13 or 14 digits with a right check digit',
  fr: 'doit être un GTIN : 8, 12, 13 ou 14 chiffres avec la bonne clé',
}

/** The GTIN of a pack, in any of its lengths. */
export const packGtin = z
  .string()
  .max(20)
  .refine((given) => gtin(given) !== undefined, saying(notAGtin))
  .describe('GTIN of a pack of the catalogue, in any length.')
  .meta({ pattern: '^[0-9 \\u00a0\\u202f]{8,20}$' })

const scan = z
  .string()
  .max(500)
  .superRefine((given, context) => {
    const read = readScan(given)
    if ('fault' in read) context.addIssue(issueOf([], read.fault))
  })
  .describe(
    'The text that a scanner gives for the GS1 code on a pack (GS1 DataMatrix, GS1-128, EAN or another), as it comes: with or without separators, symbology identifier or brackets. Its GTIN (AI 01), lot (10), date (17) and count of packs (30, one if left out) are read.',
  )
  .meta({ pattern: '(?:\\D*\\d){8}' }) // The digits of the shortest GTIN.

const boxes = z.int().min(1).max(1_000_000)

/** The members by which a body or a line says how many masks of what. */
export const maskMembers = {
  product: product.optional(),
  quantity: quantity.optional(),
  gtin: packGtin.optional(),
  boxes: boxes
    .optional()
    .describe(
      'How many boxes; all together at most 1,000,000 single masks. Beside `scan`, how many like the one scanned.',
    ),
  scan: scan.optional(),
}

/** What a pack says of itself, for those who read it off the box; a scan says it by itself. */
export const printedMembers = {
  lot: text(40).optional().describe('Read from `scan` where it says one.'),
  bestBefore: bestBeforeDay.optional().describe('Read from `scan` where it says one.'),
}

const MASK_WAYS: readonly Way[] = [
  { needs: ['product', 'quantity'] },
  { needs: ['gtin', 'boxes'] },
  { needs: ['scan'], may: ['boxes'] },
]

const LOOSE_WAY: Way = { needs: ['onHand'] }
const COUNT_WAYS: readonly Way[] = [
  LOOSE_WAY,
  { needs: ['gtin', 'onHandBoxes'], may: ['onHand'] },
  { needs: ['scan', 'onHandBoxes'], may: ['onHand'] },
  { needs: ['scan'] },
]

/** A body or line whose members, `maskMembers` among them, say in exactly one way how many masks of what. */
export function masksInOneWay<Shape extends z.ZodRawShape>(shape: Shape) {
  return inOneWay(z.strictObject(shape), MASK_WAYS)
}

/** The members of a count of one product. */
export const countMembers = {
  onHand: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Counted on the shelf, including masks set aside. Beside `onHandBoxes`, the loose masks.'),
  gtin: packGtin.optional(),
  onHandBoxes: z.int().min(0).max(1_000_000).optional().describe('Whole boxes; one if left out beside `scan`.'),
  scan: scan.optional(),
  countedAt: recordedInstant.describe('When it was counted; later movements are added.'),
}

/** A body whose members, `countMembers` among them, say in exactly one way how many masks were counted. */
export function countsInOneWay<Shape extends z.ZodRawShape>(shape: Shape) {
  return inOneWay(z.strictObject(shape), COUNT_WAYS)
}

/** The body of a count, whose product the path names. */
export const countedInOneWay = countsInOneWay(countMembers)

/** One of many counts, which says itself of what it is. */
export const countLine = inOneWay(
  z.strictObject({ product: product.optional(), ...countMembers }),
  COUNT_WAYS.map((way) => (way === LOOSE_WAY ? { needs: ['product', ...way.needs] } : way)),
)
