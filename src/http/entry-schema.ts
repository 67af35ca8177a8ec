import { z } from 'zod'
import { FLAGS } from '../domain/flags.ts'
import { saying } from './complaint.ts'
import { citedRule, oneOf, ruleVersion, time, uuid, window } from './schemas.ts'

/** Why a hand-over may go above the entitlement. */
export const overrideReasons = ['emergency', 'cluster', 'directive', 'other'] as const

const line = z
  .object({
    product: z.string(),
    quantity: z.int(),
    lot: z.string().optional(),
    bestBefore: z.string().optional().describe('As declared or scanned; gone once the payload is erased.'),
    decision: z
      .object({
        rule: ruleVersion.nullable().describe('Null where no rule judged it: off line, there may be none.'),
        window: window.nullable(),
        cap: z.int().nullable(),
        received: z.int().nullable().describe('In the window before this line, at all pharmacies.'),
        held: z.int().nullable().describe('In live reservations, except those collected or cancelled by it.'),
        remaining: z.int().nullable().describe('max(0, cap − received − held), before this line.'),
        beyondCap: z.boolean().nullable(),
      })
      .describe('How the line was judged at the time. A reversal is not judged by a cap, so its figures are null.'),
  })
  .meta({ id: 'EntryLine' })

/** What an entry may be flagged as. */
export const flag = z
  .string()
  .regex(
    /^[a-z_]{1,40}$/,
    saying({ en: 'must be a flag such as override', fr: 'doit être une mention telle que override' }),
  )
  .meta({ shownAs: { type: 'string', enum: [...FLAGS] } })

/** A ledger entry: a dispensation, a reversal, the link that joins two histories of one person, or its erasure. */
export const ledgerEntry = z
  .object({
    id: uuid,
    kind: z.enum(['dispensation', 'reversal', 'link', 'erasure']),
    sequence: z.int().describe('The place in the professional’s history, without gaps.'),
    entryHash: z.string().describe('Base64 of the RFC 6962 leaf hash of the sealed entry.'),
    previousHash: z.string().nullable().describe('`entryHash` of the previous entry; null for the first.'),
    pharmacy: z.string().nullable(),
    professional: z.string().nullable().describe('As identified at the counter; null once erased.'),
    lines: z.array(line),
    dispensedAt: time,
    recordedAt: time,
    flags: z
      .array(oneOf(FLAGS))
      .describe(
        'What stands out about it for ever, such as `override`: above the entitlement. The others come of offline batches.',
      ),
    rule: citedRule.nullable().describe('The rule that the first line was judged by.'),
    window: window.nullable().describe('The window in which the first line counts.'),
    reverses: uuid.nullable().describe('For a reversal: the dispensation that it takes back.'),
    reservations: z
      .array(z.object({ id: uuid, outcome: oneOf(['collected', 'expired', 'not_collected']) }))
      .describe(
        '`collected`, or `expired` and served as a walk-in. Off line also `not_collected`: it could not be named in this hand-over.',
      ),
    override: z
      .object({ reasonCode: oneOf(overrideReasons), note: z.string().optional() })
      .nullable()
      .describe('Why the entitlement was exceeded, in the pharmacy’s words; gone once the payload is erased.'),
    operator: z
      .string()
      .optional()
      .describe('X-Operator of the request, if it had one; shown to its pharmacy alone, and gone once erased.'),
  })
  .meta({ id: 'LedgerEntry' })
