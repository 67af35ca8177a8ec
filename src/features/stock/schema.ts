import { z } from 'zod'
import { bestBeforeDay, finess, product, quantity, recordedInstant, text, time, uuid } from '../../http/schemas.ts'

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

export const countBody = z.strictObject({
  onHand: z.int().min(0).max(1_000_000).describe('Counted on the shelf, including masks set aside.'),
  countedAt: recordedInstant.describe('When it was counted; later movements are added.'),
})

const kinds = ['delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out'] as const

export const movementBody = z
  .strictObject({
    product,
    kind: z.enum(kinds),
    quantity,
    occurredAt: recordedInstant,
    reference: text(100).optional().describe('The delivery note or similar.'),
    counterparty: finess.optional().describe('The other pharmacy of a transfer.'),
    lot: text(40).optional(),
    bestBefore: bestBeforeDay.optional(),
  })
  .refine(({ kind, counterparty }) => kind.startsWith('transfer_') === (counterparty !== undefined), {
    path: ['counterparty'],
    message: 'a transfer names the other pharmacy, and no other movement does',
  })

export const movement = z
  .object({
    id: uuid,
    pharmacy: z.string(),
    product: z.string(),
    kind: z
      .string()
      .describe(
        'Also count, count_absorbed (takes back a movement that a count already included), dispensation and reversal.',
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
  })
  .meta({ id: 'StockMovement' })

export const recordedMovement = movement.extend({ stock: stockLevel })

export type StockLevel = z.output<typeof stockLevel>
export type MovementRequest = z.output<typeof movementBody>
export type Movement = z.output<typeof movement>
