import { z } from 'zod'
import { type ProblemCode, problemStatus } from './problem.ts'
import { citedRule, productQuantity, time, uuid, window } from './schemas.ts'

const masks = z.int()
const index = z.int().optional().describe('Of the count that was refused, where many were sent.')
const namedReservation = { reservation: uuid.describe('The one that is meant.') }

/** What some codes add to every problem's members: what a program needs to act upon them. */
const members: { [C in ProblemCode]?: z.ZodRawShape } = {
  forbidden: { scope: z.string().optional().describe('The scope that the token lacks, if that is what it lacks.') },
  entitlement_exceeded: {
    remaining: z.array(productQuantity).optional().describe('What may still be received in the present window.'),
    resetsAt: time.nullable().optional().describe('When so many would first be granted; null if never.'),
    rule: citedRule.optional(),
    window: window.optional(),
  },
  entitlement_held: {
    holds: z
      .array(z.object({ id: uuid, product: z.string(), quantity: masks, expiresAt: time }))
      .describe('The reservations that stand in the way.'),
  },
  no_rule_in_force: { product: z.string() },
  profession_not_entitled: { product: z.string() },
  product_inactive: { product: z.string() },
  stock_insufficient: {
    product: z.string().optional(),
    available: masks.optional().describe('On hand and not promised. Left out where the stock would become too large.'),
    index,
  },
  no_stock_in_reach: { product: z.string() },
  stock_count_outdated: { countedAt: time.describe('Of the newest count.'), index },
  too_many_holds: { limit: z.int().describe('As many live reservations of one product a professional may have.') },
  reservations_closed: { until: time.nullable().describe('When its notice ends by itself; null if it says nothing.') },
  reservation_not_held: { reservationStatus: z.string(), reservation: uuid.optional() },
  reservation_mismatch: namedReservation,
  pickup_code_wrong: namedReservation,
  voucher_expired: namedReservation,
  voucher_not_theirs: namedReservation,
  reversal_exceeds_dispensed: {
    reversible: z.array(productQuantity).describe('What is left to take back.'),
  },
  consent_ended: { consentStatus: z.string() },
  retention_running: { until: time.nullable().describe('When it may be erased; null if nobody knows.') },
}

// Suspended callers are told by the same code as pharmacies that ask about somebody suspended.
const statuses = (code: ProblemCode) =>
  code === 'professional_suspended' ? z.literal([403, 409]) : z.literal(problemStatus[code])

const made = new Map<string, z.ZodType>()

/** The problem documents (RFC 9457) with one of these codes, each with its own members. */
export function problemWith(codes: readonly ProblemCode[]): z.ZodType {
  const [only, ...others] = codes.map(problemOf)
  if (!only) throw new Error('a problem has at least one code')
  if (others.length === 0) return only
  const key = codes.join()
  const union = made.get(key) ?? z.discriminatedUnion('code', [only, ...others]).meta(discriminator(codes))
  made.set(key, union)
  return union
}

function discriminator(codes: readonly ProblemCode[]): { discriminator: object } {
  const mapping = Object.fromEntries(codes.map((code) => [code, `#/components/schemas/${nameOf(code)}`]))
  return { discriminator: { propertyName: 'code', mapping } }
}

const problems = new Map<ProblemCode, ReturnType<typeof makeProblem>>()

function problemOf(code: ProblemCode): ReturnType<typeof makeProblem> {
  const known = problems.get(code) ?? makeProblem(code)
  problems.set(code, known)
  return known
}

function makeProblem(code: ProblemCode) {
  const errors = z.array(z.object({ path: z.string(), message: z.string() })).describe('Each wrong field.')
  return z
    .object({
      type: z.literal(`urn:gomask:problem:${code}`).describe('A URN for the code.'),
      title: z.string(),
      status: statuses(code),
      detail: z.string().describe('What is wrong with this request and what to do about it.'),
      instance: z.string().describe('A URN for this occurrence.'),
      code: z.literal(code).describe('Stable and never renamed: program against it.'),
      requestId: z.string(),
      ...(problemStatus[code] === 400 && { errors }),
      ...members[code],
    })
    .meta({ id: nameOf(code) })
}

function nameOf(code: ProblemCode): string {
  const words = code.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return `${words.join('')}Problem`
}
