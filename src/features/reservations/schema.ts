import { z } from 'zod'
import type { SaidMasks, SingleMasks } from '../../domain/packs.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import { listFilters } from '../../http/list-filters.ts'
import { maskMembers, masksInOneWay } from '../../http/masks.ts'
import { pageQuery } from '../../http/pages.ts'
import { pickupCode } from '../../http/pickup-code.ts'
import { maxDistanceMetres, NEAR_METRES, place } from '../../http/places.ts'
import { finess, quantity, text, time, uuid } from '../../http/schemas.ts'
import { voucher } from '../../http/vouchers.ts'
import { inOneWay } from '../../http/ways.ts'

const statuses = ['held', 'collected', 'cancelled', 'expired'] as const

export const reservationRefusals = [
  'professional_unknown',
  'professional_suspended',
  'product_unknown',
  'product_inactive',
  'no_rule_in_force',
  'profession_not_entitled',
  'entitlement_exceeded',
  'too_many_holds',
  'reservations_closed',
  'no_stock_in_reach',
  'stock_insufficient',
] as const satisfies RefusalCode[]

/** Why a voucher finds nothing. */
export const lookupRefusals = [
  'voucher_invalid',
  'voucher_elsewhere',
  'voucher_expired',
  'reservation_not_held',
] as const satisfies RefusalCode[]

export const reservationBody = masksInOneWay({
  ...maskMembers,
  pharmacy: finess.optional().describe('If left out, the nearest that can serve the whole quantity now.'),
  near: place
    .optional()
    .describe(
      'Where to search from; if left out, the practice. It decides nothing else: without a practice, the territory of the pharmacy does.',
    ),
  maxDistanceMetres: maxDistanceMetres.default(NEAR_METRES),
})

export const reservation = z
  .object({
    id: uuid,
    product: z.string(),
    quantity: z.int(),
    pharmacy: z.object({
      finess: z.string(),
      name: z.string(),
      address: z.string(),
      latitude: z.number(),
      longitude: z.number(),
    }),
    distanceMetres: z
      .int()
      .nullable()
      .optional()
      .describe('From `near` or the practice; null if neither is known. Shown only to the professional.'),
    pickupCode: z.string().optional().describe('Shown only to the professional.'),
    voucher: z
      .string()
      .optional()
      .describe(
        'For a QR code that a counter can check with no network: a compact JWS by a key of `/.well-known/jwks.json`. Shown only to the professional, while the reservation is live.',
      ),
    label: z
      .string()
      .optional()
      .describe('For the bag: two letters and a digit that tell the reservations of a day at one counter apart.'),
    createdAt: time,
    expiresAt: time,
    status: z.enum(statuses),
    collectedQuantity: z.int().optional(),
    cancellationReason: z
      .string()
      .optional()
      .describe(
        '`by_professional`, `reduced`, `released`, `stock_shortfall`, `pharmacy_closed`, `pharmacy_suspended`, or the pharmacy’s own words.',
      ),
    operator: z.string().optional().describe('X-Operator of the hand-over; shown only to the pharmacy.'),
  })
  .meta({ id: 'Reservation' })

export const listQuery = z.strictObject({
  ...pageQuery,
  ...listFilters('Made'),
  status: z.enum(statuses).optional(),
  pharmacy: finess.optional().describe('Required when the token acts for several pharmacies.'),
})

export const reservationParams = z.strictObject({ id: uuid })

export const lookupBody = inOneWay(
  z.strictObject({
    pickupCode: pickupCode.optional(),
    voucher: voucher.optional(),
    pharmacy: finess.optional().describe('Required when the token acts for several pharmacies.'),
  }),
  [{ needs: ['pickupCode'] }, { needs: ['voucher'] }],
)

export const cancellationBody = z
  .strictObject({ reason: text(140).optional().describe('Required from a pharmacy.'), pharmacy: finess.optional() })
  .nullish()

export const reductionBody = z.strictObject({ quantity }).meta({ id: 'ReservationReduction' })

/** A reservation in single masks. */
export type ReservationRequest = Omit<z.output<typeof reservationBody>, keyof SaidMasks> &
  Pick<SingleMasks, 'product' | 'quantity'>
export type Reservation = z.output<typeof reservation>
