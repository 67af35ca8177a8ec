import { z } from 'zod'
import { FLAGS } from '../../domain/flags.ts'
import { phrase, type Text } from '../../domain/language.ts'
import type { SaidMasks, SingleMasks } from '../../domain/packs.ts'
import { DAY_MS } from '../../domain/periods.ts'
import type { CHANGES } from '../../domain/statement.ts'
import { issueOf, saying } from '../../http/complaint.ts'
import { listFilters } from '../../http/list-filters.ts'
import { maskMembers, masksInOneWay, printedMembers } from '../../http/masks.ts'
import { pageQuery } from '../../http/pages.ts'
import { day, finess, oneOf, product, recordedInstant, text, time, uuid } from '../../http/schemas.ts'
import { warnings } from '../../http/warnings.ts'

export const shelfParams = z.strictObject({ finess, product })
export const pharmacyParams = z.strictObject({ finess })

export const stockLevel = z
  .object({
    product: z.string(),
    onHand: z.int().describe('On the shelf, including masks set aside.'),
    held: z.int().describe('Promised to live reservations.'),
    available: z.int().describe('On hand and not promised.'),
    version: z.int().describe('Grows with every change.'),
    observedAt: time.describe('Of the last count or movement.'),
  })
  .meta({ id: 'StockLevel' })

const kinds = ['delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out'] as const

export const movementBody = masksInOneWay({
  ...maskMembers,
  kind: z.enum(kinds),
  occurredAt: recordedInstant,
  reference: text(100).optional().describe('The delivery note or similar.'),
  counterparty: finess.optional().describe('The other pharmacy of a transfer.'),
  ...printedMembers,
}).refine(({ kind, counterparty }) => kind.startsWith('transfer_') === (counterparty !== undefined), {
  path: ['counterparty'],
  message: saying({
    en: 'a transfer names the other pharmacy, and no other movement does',
    fr: 'un transfert nomme l’autre officine, et aucun autre mouvement ne le fait',
  }),
})

const recordedKinds = [...kinds, 'count', 'count_absorbed', 'dispensation', 'reversal', 'discrepancy'] as const

export const movementQuery = z.strictObject({
  ...pageQuery,
  ...listFilters('Occurred'),
  kind: z.enum(recordedKinds).optional(),
})

export const movement = z
  .object({
    id: uuid,
    pharmacy: z.string(),
    product: z.string(),
    kind: oneOf([...kinds, 'count', 'count_absorbed', 'dispensation', 'reversal', 'discrepancy']).describe(
      'Also count, count_absorbed (takes back a movement that a count already included), dispensation, reversal and discrepancy (makes up for what left off line without being known to be there).',
    ),
    quantity: z.int().describe('As declared; for a count, the difference.'),
    change: z.int().describe('What it did to the stock on hand; the stock on hand is the sum of these.'),
    occurredAt: time,
    recordedAt: time,
    reference: z.string().nullable(),
    counterparty: z.string().nullable(),
    lot: z.string().nullable(),
    bestBefore: z.string().nullable(),
    dispensation: uuid.nullable().describe('The ledger entry that moved the stock.'),
    operator: z.string().optional().describe('X-Operator of the request, if it had one; shown to its pharmacy alone.'),
  })
  .meta({ id: 'StockMovement' })

const offlineFlags = z.array(oneOf(FLAGS)).optional().describe('Of what came in an offline batch.')

export const recordedMovement = movement
  .extend({ stock: stockLevel, flags: offlineFlags })
  .meta({ id: 'RecordedMovement' })
export const countedLevel = stockLevel.extend({ flags: offlineFlags }).meta({ id: 'CountedStock' })

const LONGEST_DAYS = 366
const beforeFrom: Text = { en: 'must not lie before from', fr: 'ne doit pas précéder from' }
const tooLong: Text = {
  en: phrase`must lie less than ${LONGEST_DAYS} days after from`,
  fr: phrase`doit suivre from de moins de ${LONGEST_DAYS} jours`,
}

export const statementQuery = z
  .strictObject({
    from: day.describe('The first day, in the pharmacy’s time zone.'),
    to: day.describe('The last day.'),
  })
  .superRefine(({ from, to }, context) => {
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
    if (days >= 1 && days <= LONGEST_DAYS) return
    context.addIssue(issueOf(['to'], days < 1 ? beforeFrom : tooLong))
  })

const masks: Record<'opening' | (typeof CHANGES)[number] | 'closing', string> = {
  opening: 'On hand when the period began.',
  deliveries: 'Added.',
  transfersIn: 'Added.',
  transfersOut: 'Taken away.',
  dispensed: 'Taken away.',
  reversed: 'Added: hand-overs taken back, slips when they were said to have happened, returns when they came.',
  losses: 'Taken away, as far as there was something to lose.',
  returns: 'Taken away: to the supplier.',
  countDifferences: 'Added, or taken away if negative: what counts found, and what they had seen already.',
  discrepancies: 'Added: what was handed over off line without being known to be there.',
  closing: 'On hand when the period ended, or now if it has not.',
}

export const statement = z
  .object({
    pharmacy: z.string(),
    from: z.iso.date(),
    to: z.iso.date(),
    timeZone: z.string(),
    madeAt: time.describe('What is told later of the period is in later statements of it.'),
    items: z.array(
      z.object({
        product: z.string(),
        ...(Object.fromEntries(Object.entries(masks).map(([name, about]) => [name, z.int().describe(about)])) as Record<
          keyof typeof masks,
          z.ZodInt
        >),
        dispensedByProfession: z
          .array(z.object({ profession: z.string(), quantity: z.int() }))
          .describe('By the directory’s code at the time; for a regulator those of its remit.'),
      }),
    ),
    overrides: z.int().describe('Hand-overs above the entitlement.'),
    late: z.int().describe('Hand-overs and reversals of the period that were recorded late.'),
    checkpoint: z.string().nullable().describe('The newest of the log, a signed note: all its entries are in here.'),
  })
  .meta({ id: 'Statement' })

const MOST_LINES = 100

export const deliveryBody = z.strictObject({
  reference: text(100).describe('The number of the delivery note.'),
  occurredAt: recordedInstant,
  counterparty: text(100).optional().describe('Who delivered, such as a wholesaler.'),
  lines: z
    .array(masksInOneWay({ ...maskMembers, ...printedMembers }))
    .min(1)
    .max(MOST_LINES),
})

export const delivery = z
  .object({
    id: uuid.describe('That of its first movement.'),
    reference: z.string().nullable(),
    occurredAt: time,
    counterparty: z.string().nullable(),
    movements: z.array(recordedMovement).describe('One a line, each with the stock after it.'),
    warnings: warnings('reference_repeated', 'The same reference from the same counterparty came within 30 days.'),
  })
  .meta({ id: 'Delivery' })

export type Delivery = z.output<typeof delivery>
export type CountedLevel = z.output<typeof countedLevel>
export type StockLevel = z.output<typeof stockLevel>
/** A movement in single masks. */
export type MovementRequest = Omit<z.output<typeof movementBody>, keyof SaidMasks> & SingleMasks
export type Movement = z.output<typeof movement>
