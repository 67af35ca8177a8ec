import { z } from 'zod'
import { gtin, gtin14 } from '../../domain/identifiers.ts'
import type { Text } from '../../domain/language.ts'
import { issueOf, saying } from '../../http/complaint.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { product as code, quantity, text } from '../../http/schemas.ts'

const pack = z.strictObject({
  gtin: z
    .string()
    .max(14)
    .refine(
      (digits) => gtin(digits) === digits,
      saying({
        en: 'must be a GTIN: 8, 12, 13 or 14 digits with a right check digit',
        fr: 'doit être un GTIN : 8, 12, 13 ou 14 chiffres avec une clé juste',
      }),
    )
    .describe('GTIN: EAN-13, CIP13 or another length; unique in the catalogue across lengths.'),
  unitsPerBox: quantity.describe('Single masks per box.'),
})

const standsTwice: Text = { en: 'stands here twice', fr: 'figure ici deux fois' }

const packs = z
  .array(pack)
  .max(100)
  .superRefine((given, context) => {
    const seen = new Set<string | undefined>()
    for (const [index, { gtin }] of given.entries()) {
      const compared = gtin14(gtin)
      if (seen.has(compared)) context.addIssue(issueOf([index, 'gtin'], standsTwice))
      seen.add(compared)
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
    packs: z.array(z.object({ gtin: z.string(), unitsPerBox: z.int() })),
    active: z.boolean(),
  })
  .meta({ id: 'Product' })

export const listQuery = z.strictObject(pageQuery)
export const productPage = pageOf(product)

export type ProductBody = z.output<typeof productBody>
export type Product = z.output<typeof product>
