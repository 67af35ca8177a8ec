import { z } from 'zod'
import { saying } from '../../http/complaint.ts'
import { flag, ledgerEntry } from '../../http/entry-schema.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import {
  day,
  finess,
  instant,
  oneOf,
  product,
  profession,
  professional,
  queryInteger,
  territory,
  text,
  time,
  uuid,
} from '../../http/schemas.ts'

/** Filters for entries or their totals, over the facts frozen in them. */
const filters = {
  pharmacy: finess.optional(),
  profession: profession.optional().describe('The directory’s code, as frozen in the entry.'),
  territory: territory.optional().describe('Of the practice or the pharmacy, including those below it.'),
  product: product.optional(),
}

export const selectionQuery = z.strictObject({
  from: instant.optional().describe('Handed over at or after this time.'),
  to: instant.optional().describe('Handed over before this time.'),
  ...filters,
  professional: professional.optional(),
  lot: text(40).optional().describe('With a product: the same line has both.'),
  flag: flag.optional(),
  limit: pageQuery.limit.unwrap().optional().describe('Items per page, 20 if left out; only for JSON.'),
  cursor: pageQuery.cursor.describe('`nextCursor` of the previous page; only for JSON.'),
})

export const auditedPage = pageOf(
  ledgerEntry
    .extend({
      profession: z.string().nullable().describe('Of the professional at the time.'),
      territories: z
        .object({ practice: z.string().nullable(), pharmacy: z.string().nullable() })
        .describe('At the time.'),
    })
    .meta({ id: 'AuditedEntry' }),
)

const groupings = ['pharmacy', 'week', 'territory', 'profession', 'product'] as const

export const summaryQuery = z.strictObject({
  groupBy: z
    .string()
    .max(100)
    .transform((names) => names.split(','))
    .pipe(
      z
        .array(z.enum(groupings))
        .refine(
          (names) => new Set(names).size === names.length,
          saying({ en: 'must name each once', fr: 'doit nommer chacun une seule fois' }),
        ),
    )
    .transform((names) => groupings.filter((each) => names.includes(each)))
    .default([])
    .describe(`Any of ${groupings.join(', ')}, separated by commas; if left out, one row over all.`)
    .meta({ pattern: `^(?:${groupings.join('|')})(?:,(?:${groupings.join('|')}))*$` }),
  from: day.optional().describe('Weeks that begin on or after this day.'),
  to: day.optional().describe('Weeks that begin before this day.'),
  ...filters,
  limit: queryInteger(1, 1_000).default(100).describe('Rows per page.'),
  cursor: pageQuery.cursor,
})

const counted = (about: string) => z.int().describe(about)

const totals = z
  .object({
    week: z.iso.date().optional().describe('The Monday of the hand-over’s week, in the time zone of its place.'),
    territory: z.string().nullable().optional().describe('Of the pharmacy at the time.'),
    profession: z.string().nullable().optional(),
    product: z.string().optional(),
    pharmacy: z.string().optional(),
    dispensedLines: counted('Lines handed over.'),
    dispensedMasks: counted('Masks handed over.'),
    reversedLines: counted('Lines taken back, in the week of the original hand-over.'),
    reversedMasks: counted('Masks taken back.'),
    overriddenLines: counted('Lines above the entitlement.'),
    masksBeyondCap: counted('Masks on these lines above what the rule left.'),
    lateLines: counted('Lines of entries flagged `late`.'),
    veryLateLines: counted('Lines of entries flagged `very_late`.'),
  })
  .meta({ id: 'AuditTotals' })

export const summaryPage = pageOf(totals)

/** A value in a list's position. It must not contain a NUL, which PostgreSQL's text cannot. */
export const positionText = z
  .string()
  .max(200)
  .refine((text) => !text.includes('\0'))

/** The values of a row of totals that a page of them ends with. */
export function summaryPosition(groupBy: readonly Grouping[]) {
  const isDay = (value: string | undefined) => day.safeParse(value).success
  return z
    .array(positionText)
    .length(groupBy.length)
    .refine((values) => groupBy.every((name, nth) => name !== 'week' || isDay(values[nth])))
}

/** What deserves a question, in the order in which it is listed. */
export const anomalyNames = [
  'overrides',
  'late_share',
  'very_late_share',
  'over_allocation_share',
  'offline_batch',
  'stock_discrepancy',
  'unmatched_transfer',
  'dispensed_above_deliveries',
  'reversed_then_elsewhere',
  'checks_without_hand_over',
  'many_checks',
  'one_person_two_records',
] as const

export type AnomalyName = (typeof anomalyNames)[number]

export const anomaly = z
  .object({
    kind: oneOf(anomalyNames),
    pharmacy: z.string().nullable().describe('Null where it is about people.'),
    product: z.string().nullable(),
    counterparty: z.string().nullable().describe('The other pharmacy.'),
    at: time.nullable(),
    entries: z.array(uuid).describe('Ledger entries.'),
    movements: z.array(uuid).describe('Stock movements of the pharmacy.'),
    count: z.int().nullable().describe('How many stand out …'),
    total: z.int().nullable().describe('… out of how many.'),
    doubt: uuid.nullable().describe('Of `one_person_two_records`: what an admin decides about.'),
    measured: z.number(),
    threshold: z.number().describe('The value of `measured` from which it stands out.'),
  })
  .meta({ id: 'Anomaly' })

export type Anomaly = z.output<typeof anomaly>
export type SelectionQuery = z.output<typeof selectionQuery>
export type Totals = z.output<typeof totals>
export type Grouping = (typeof groupings)[number]
