import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { windowOf } from '../../domain/beneficiary.ts'
import { remainingOf } from '../../domain/entitlement.ts'
import { iso } from '../../domain/instant.ts'
import type { RefusalCode } from '../../domain/refusals.ts'
import type { Caller } from '../../http/caller.ts'
import { operatorOf } from '../../http/effects.ts'
import { page, pageOf, pageQuery, positionOf, timePosition } from '../../http/pages.ts'
import { problems } from '../../http/problems.ts'
import { finess, instant, oneOf, product, professional, ruleVersion, time, uuid, window } from '../../http/schemas.ts'
import type { App, Deps } from '../../http/service.ts'
import { orAskForLess } from '../../http/too-heavy.ts'
import { recordAccess } from '../../store/accesses.ts'
import { findPersonInRemit } from '../../store/remit.ts'
import { listRefusals, type RefusalRow } from './queries.ts'

const codes = [
  'professional_unknown',
  'professional_suspended',
  'product_inactive',
  'no_rule_in_force',
  'profession_not_entitled',
  'entitlement_exceeded',
  'entitlement_held',
  'override_not_allowed',
  'stock_insufficient',
  'no_stock_in_reach',
  'too_many_holds',
  'reservations_closed',
  'reservation_mismatch',
  'reservation_not_held',
  'pickup_code_wrong',
  'voucher_expired',
  'voucher_not_theirs',
  'reversal_exceeds_dispensed',
] as const satisfies RefusalCode[]

const refusal = z
  .object({
    id: uuid,
    at: time,
    verb: z.enum(['dispensation', 'reversal', 'reservation']).describe('What was asked for.'),
    code: oneOf(codes),
    pharmacy: z.string().nullable().describe('Null for a reservation at the nearest pharmacy.'),
    professional: z.string().nullable().describe('The person’s present number; null if nobody has the number given.'),
    profession: z.string().nullable(),
    dispensation: uuid.nullable().describe('For a reversal: what was to be taken back.'),
    product: z.string().nullable().describe('Of the line that was refused; null if no single line was.'),
    quantity: z.int().nullable().describe('Masks of the product asked for.'),
    decision: z
      .object({
        rule: ruleVersion,
        window,
        cap: z.int(),
        received: z.int().describe('In the window, at all pharmacies, including the lines before this one.'),
        held: z
          .int()
          .describe(
            'In live reservations not named. 0 with `entitlement_exceeded` at a counter, where even cancelling them all would not have been enough.',
          ),
        remaining: z.int().describe('max(0, cap − received − held).'),
      })
      .nullable()
      .describe('What it was judged by; null if no rule decided it.'),
    available: z
      .int()
      .nullable()
      .describe('Masks of the product that the pharmacy had available; for a reversal, those not yet taken back.'),
    operator: z.string().optional(),
  })
  .meta({ id: 'Refusal', description: 'A refusal, with what decided it at the time.' })

/** What was refused, and why. */
export async function refusalRoutes(app: App, { db: { audits: db } }: Deps): Promise<void> {
  app.get(
    '/v1/audit/refusals',
    {
      config: { isHeavy: true, policy: { scope: 'audit:read', regulator: 'listed' } },
      schema: {
        operationId: 'listRefusals',
        tags: ['audit'],
        summary: 'Read what was refused in your remit, newest first',
        description:
          'Refused dispensations, reversals and reservations, by the profession and territories frozen in each. The reading is recorded as an access to each professional shown, before it is answered.',
        querystring: z.strictObject({
          ...pageQuery,
          from: instant.optional().describe('Inclusive.'),
          to: instant.optional().describe('Exclusive.'),
          pharmacy: finess.optional(),
          professional: professional.optional(),
          product: product.optional(),
          code: z.enum(codes).optional(),
        }),
        response: { 200: pageOf(refusal), ...problems(401, 403) },
      },
    },
    async (request) => {
      const { caller, query } = request
      const before = positionOf(query.cursor, timePosition)
      const found = await orAskForLess(() => listRefusals(db, caller, { ...query, before, limit: query.limit + 1 }), {
        en: 'name a `pharmacy` or a `professional`, or less time between `from` and `to`',
        fr: 'nommez une `pharmacy` ou un `professional`, ou moins de temps entre `from` et `to`',
      })
      const { items, nextCursor } = page(found, query.limit, ({ at, id }) => ({ at, id }))
      await recordReading(db, caller, operatorOf(request), items, query.professional)
      return { items: items.map(view), nextCursor }
    },
  )
}

async function recordReading(
  db: Queryable,
  reader: Caller,
  operator: string | undefined,
  items: readonly RefusalRow[],
  named: string | undefined,
): Promise<void> {
  const access = { kind: 'refusals' as const, reader, operator }
  const shown = [...new Set(items.flatMap(({ personId }) => personId ?? []))]
  await recordAccess(db, { ...access, outcome: 'shown' }, shown)
  if (named === undefined || shown.length > 0) return
  const person = await findPersonInRemit(db, reader, named)
  await recordAccess(db, { ...access, outcome: 'not_found' }, [person?.personId ?? null])
}

function view({ at, personId: _, rule, judged, operator, ...refusal }: RefusalRow) {
  return {
    ...refusal,
    at: iso(at),
    decision: judged && {
      ...judged,
      rule: { ...rule, publishedAt: iso(rule.publishedAt) },
      window: windowOf(judged.window),
      remaining: remainingOf(judged),
    },
    ...(operator !== null && { operator }),
  }
}
