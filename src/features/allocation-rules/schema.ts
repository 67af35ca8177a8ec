import { z } from 'zod'
import { phrase, type Text } from '../../domain/language.ts'
import { issueOf, saying } from '../../http/complaint.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { instant, product, profession, quantity, source, territory, text, time, uuid } from '../../http/schemas.ts'

const productTwice: Text = { en: 'names a product twice', fr: 'nomme deux fois le même masque' }
const notAmong: Text = { en: 'is not among the products', fr: 'ne figure pas parmi les products' }
const endsFirst: Text = { en: 'must be later than validFrom', fr: 'doit être postérieur à validFrom' }
const mostTheCap = (cap: number): Text => ({
  en: phrase`must be at most the cap, ${cap}`,
  fr: phrase`ne doit pas dépasser le cap, soit ${cap}`,
})

const beneficiary = z.strictObject({
  profession: profession.describe('The directory’s code: 10 médecin, 21 pharmacien, 60 infirmier, …'),
  speciality: text(40).optional().describe('The whole profession if left out.'),
})

const window = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('calendar_weeks'), count: z.int().min(1).max(52) })
      .describe('From Monday 00:00 in the territory; weeks are counted from the week of validFrom on.'),
    z
      .strictObject({ kind: z.literal('rolling_days'), count: z.int().min(1).max(366) })
      .describe('The last so many times 24 hours.'),
    z.strictObject({ kind: z.literal('once') }).describe('Since validFrom.'),
  ])
  .describe('The time over which receipts add up.')

const fields = z.strictObject({
  beneficiaries: z.array(beneficiary).min(1).max(200),
  products: z.array(product).min(1).max(100).refine(distinct, saying(productTwice)),
  cap: quantity.describe('Single masks, of all the products together.'),
  subCaps: z
    .array(z.strictObject({ product, cap: quantity }))
    .max(100)
    .default([])
    .describe('Further caps on single products, within the cap.'),
  window,
  territory: territory.describe('ISO 3166-2 code; the rule reaches every territory below it.'),
  validFrom: instant.describe('Even one in the past judges only later hand-overs.'),
  validTo: instant.nullable().describe('The first instant at which it is no longer in force.'),
  source: z.strictObject({
    title: text(500),
    reference: text(200),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .nullable(),
  }),
  confidence: z.enum(['high', 'medium', 'low']).describe('How certain it is that the source says so.'),
})

export const ruleBody = fields.superRefine(({ products, cap, subCaps, validFrom, validTo }, context) => {
  const wrong = (path: (string | number)[], complaint: Text) => context.addIssue(issueOf(path, complaint))
  for (const [index, sub] of subCaps.entries()) {
    if (!products.includes(sub.product)) wrong(['subCaps', index, 'product'], notAmong)
    if (sub.cap > cap) wrong(['subCaps', index, 'cap'], mostTheCap(cap))
  }
  if (!distinct(subCaps.map((sub) => sub.product))) wrong(['subCaps'], productTwice)
  if (validTo !== null && validTo <= validFrom) wrong(['validTo'], endsFirst)
})

export const ruleFile = z.array(ruleBody).min(1, saying({ en: 'has no rules', fr: 'ne contient aucune règle' }))

export const ruleParams = z.strictObject({ id: uuid })
export const withdrawalBody = z.strictObject({}).nullish()

export const listQuery = z.strictObject({
  ...pageQuery,
  at: instant.optional().describe('The rules in force then; now if left out.'),
})

export const rule = z
  .object({
    id: uuid,
    beneficiaries: z.array(z.object({ profession: z.string(), speciality: z.string().optional() })),
    products: z.array(z.string()),
    cap: z.int(),
    subCaps: z.array(z.object({ product: z.string(), cap: z.int() })),
    window: z.object({ kind: z.enum(['calendar_weeks', 'rolling_days', 'once']), count: z.int().optional() }),
    territory: z.string(),
    validFrom: time,
    validTo: time.nullable(),
    source,
    confidence: z.enum(['high', 'medium', 'low']),
    publishedAt: time,
    withdrawnAt: time.nullable(),
  })
  .meta({ id: 'AllocationRule' })

export const rulePage = pageOf(rule)

export type RuleBody = z.output<typeof ruleBody>
export type Rule = z.output<typeof rule>

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}
