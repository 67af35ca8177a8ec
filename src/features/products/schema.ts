import { z } from 'zod'
import { gtin, gtin14 } from '../../domain/identifiers.ts'
import type { Text } from '../../domain/language.ts'
import { issueOf, saying } from '../../http/complaint.ts'
import { notAGtin, packGtin } from '../../http/masks.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { product as code, quantity, text } from '../../http/schemas.ts'

const acl = z
  .string()
  .regex(
    /^(?:\d{7}|\d{13})$/,
    saying({ en: 'must be an ACL code: 7 or 13 digits', fr: 'doit être un code ACL : 7 ou 13 chiffres' }),
  )
  .meta({ maxLength: 13 })
const cip13 = z
  .string()
  .max(13)
  .refine(
    (given) => given.length === 13 && gtin(given) === given,
    saying({
      en: 'must be a CIP13: 13 digits with a right check digit',
      fr: 'doit être un CIP13 : 13 chiffres avec la bonne clé',
    }),
  )
  .meta({ pattern: '^\\d{13}$' })

const pack = z.strictObject({
  gtin: z
    .string()
    .max(14)
    .refine((given) => gtin(given) === given, saying(notAGtin))
    .describe('GTIN: EAN-13, CIP13 or another length; unique in the catalogue across lengths. Shown in 14 digits.')
    .meta({ pattern: '^(?:\\d{8}|\\d{12,14})$' }),
  unitsPerBox: quantity.describe('Single masks per box.'),
  acl: acl.optional().describe('The trade code.'),
  cip13: cip13.optional().describe('Finds the pack as its GTIN does.'),
})

const standsTwice: Text = { en: 'stands here twice', fr: 'figure ici deux fois' }

const packs = z
  .array(pack)
  .max(100)
  .superRefine((given, context) => {
    const owners = new Map<string, number>()
    for (const [index, each] of given.entries()) {
      for (const member of ['gtin', 'cip13'] as const) {
        const code = gtin14(each[member] ?? '')
        if (code === undefined) continue
        if (owners.has(code) && (member === 'gtin' || owners.get(code) !== index))
          context.addIssue(issueOf([index, member], standsTwice))
        owners.set(code, index)
      }
    }
  })

export const productParams = z.strictObject({ code })

export const productBody = z.strictObject({
  code: code.optional().describe('That of the path.'),
  name: text(200),
  kind: text(40).describe('The kind of mask, in the operator’s own words: `surgical`, `ffp2`, …'),
  packs: packs.describe('All packs: those left out are removed.'),
  active: z.boolean().describe('False if no longer distributed.'),
})

export const product = z
  .object({
    code: z.string(),
    name: z.string(),
    kind: z.string(),
    packs: z.array(
      z.object({
        gtin: z.string().describe('In 14 digits.'),
        unitsPerBox: z.int(),
        acl: z.string().optional(),
        cip13: z.string().optional(),
      }),
    ),
    active: z.boolean(),
  })
  .meta({ id: 'Product' })

export const listQuery = z.strictObject({ ...pageQuery, gtin: packGtin.optional() })
export const productPage = pageOf(product)

export type ProductBody = z.output<typeof productBody>
export type Product = z.output<typeof product>
