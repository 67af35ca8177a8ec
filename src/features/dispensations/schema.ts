import { z } from 'zod'
import type { NamedBy } from '../../domain/named-reservations.ts'
import type { SingleMasks } from '../../domain/packs.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import { saying } from '../../http/complaint.ts'
import { flag, ledgerEntry, overrideReasons } from '../../http/entry-schema.ts'
import { listFilters } from '../../http/list-filters.ts'
import { maskMembers, masksInOneWay, printedMembers } from '../../http/masks.ts'
import { pageQuery } from '../../http/pages.ts'
import { pickupCode } from '../../http/pickup-code.ts'
import {
  citedRule,
  finess,
  productQuantity,
  professional,
  recordedInstant,
  text,
  uuid,
  window,
} from '../../http/schemas.ts'
import { namedTwice, voucher } from '../../http/vouchers.ts'
import { warnings } from '../../http/warnings.ts'
import { inOneWay } from '../../http/ways.ts'

const MOST_LINES = 20

/** Why a hand-over can be refused, and a check says that it would be. */
export const handOverRefusals = [
  'professional_unknown',
  'professional_suspended',
  'product_unknown',
  'product_inactive',
  'no_rule_in_force',
  'profession_not_entitled',
  'pickup_code_wrong',
  'voucher_invalid',
  'voucher_elsewhere',
  'voucher_expired',
  'voucher_not_theirs',
  'reservation_mismatch',
  'reservation_not_held',
  'entitlement_exceeded',
  'entitlement_held',
  'override_not_allowed',
  'stock_insufficient',
] as const satisfies RefusalCode[]

/** Why there is nothing for a check to judge. */
export const checkRefusals = [
  'product_unknown',
  'voucher_invalid',
  'voucher_elsewhere',
] as const satisfies RefusalCode[]

export const reversalRefusals = [
  'product_unknown',
  'professional_unknown',
  'reversal_exceeds_dispensed',
  'stock_insufficient',
] as const satisfies RefusalCode[]

const namedReservation = inOneWay(
  z.strictObject({ id: uuid.optional(), pickupCode: pickupCode.optional(), voucher: voucher.optional() }),
  [{ needs: ['id', 'pickupCode'] }, { needs: ['voucher'] }],
)

export const dispensationBody = z.strictObject({
  pharmacy: finess.optional().describe('Required when the token acts for several pharmacies.'),
  professional,
  identityCheck: z.strictObject({ method: z.enum(['cps_card', 'e_cps', 'photo_id', 'order_card']) }),
  lines: z
    .array(masksInOneWay({ ...maskMembers, ...printedMembers }))
    .min(1)
    .max(MOST_LINES),
  reservations: z
    .array(namedReservation)
    .max(MOST_LINES)
    .refine((named) => new Set(named.map((each) => each.id ?? each.voucher)).size === named.length, saying(namedTwice))
    .default([]),
  dispensedAt: recordedInstant.optional().describe('At most 5 minutes back or ahead; now if left out.'),
  releaseHolds: z
    .boolean()
    .default(false)
    .describe('Cancel as few masks’ worth of the professional’s other reservations as lets the hand-over happen.'),
  override: z
    .strictObject({ reasonCode: z.enum(overrideReasons), note: text(140).optional() })
    .optional()
    .describe('Lifts the cap and nothing else, and is flagged for ever. Not spent where `releaseHolds` suffices.'),
})

export const dispensation = ledgerEntry
  .extend({
    remaining: z.array(productQuantity).describe('What the professional may still receive in the present window.'),
    receipt: z
      .string()
      .describe(
        'A signed note (C2SP): the promise that this entry will be in a checkpoint of the log within 24 hours. Keep it.',
      ),
    warnings: warnings('similar_entry', 'The same masks were handed to the same person here within 2 minutes.'),
  })
  .meta({ id: 'RecordedEntry' })

export const listQuery = z.strictObject({
  ...pageQuery,
  ...listFilters('Handed over'),
  kind: z.enum(['dispensation', 'reversal']).optional(),
  flag: flag.optional(),
  pharmacy: finess.optional().describe('Required when the token acts for several pharmacies.'),
})

export const entryParams = z.strictObject({ id: uuid })

export const check = z
  .object({
    decision: z.enum(['allow', 'refuse']),
    code: z.enum(handOverRefusals).optional().describe('Why it would be refused.'),
    remaining: z.array(productQuantity),
    held: z.array(productQuantity).describe('In live reservations, except those named here.'),
    rule: citedRule.nullable(),
    window: window.nullable(),
    receivedInWindow: z
      .array(z.object({ on: z.iso.date(), product: z.string(), quantity: z.int() }))
      .describe(
        'By day, without the pharmacies, and without what another record received that counts too while it is in doubt whether it is the same person’s.',
      ),
    warnings: warnings('similar_entry', 'As the hand-over would be answered.'),
  })
  .meta({ id: 'DispensationCheck' })

export const reversalBody = z.strictObject({
  pharmacy: finess.optional(),
  kind: z.enum(['entry_error', 'returned']),
  note: text(140).optional(),
  lines: z
    .array(masksInOneWay(maskMembers))
    .min(1)
    .max(MOST_LINES)
    .optional()
    .describe('If left out, everything not yet reversed.'),
})

/** A hand-over in single masks, its vouchers read. */
export type DispensationRequest = Omit<InSingleMasks<z.output<typeof dispensationBody>>, 'reservations'> & {
  reservations: NamedBy[]
}
export type Dispensation = z.output<typeof dispensation>
export type Check = z.output<typeof check>
/** A reversal in single masks. */
export type ReversalRequest = InSingleMasks<z.output<typeof reversalBody>>

type InSingleMasks<Body extends { lines?: unknown }> = Omit<Body, 'lines'> & {
  lines: SingleMasks[] | Extract<Body['lines'], undefined>
}
