import { z } from 'zod'
import { citedRule, time, uuid, window } from './schemas.ts'

/** A ledger entry: a dispensation, a reversal, the link that joins two histories of one person, or its erasure. */
export const ledgerEntry = z
  .object({
    id: uuid,
    kind: z.enum(['dispensation', 'reversal', 'link', 'erasure']),
    sequence: z.int().describe('The place in the professional’s history, without gaps.'),
    entryHash: z.string().describe('Base64 of the RFC 6962 leaf hash of the sealed entry.'),
    previousHash: z.string().nullable().describe('`entryHash` of the entry before; null on the first.'),
    pharmacy: z.string().nullable(),
    professional: z.string().nullable().describe('As identified at the counter; null once erased.'),
    lines: z.array(z.object({ product: z.string(), quantity: z.int(), lot: z.string().optional() })),
    dispensedAt: time,
    recordedAt: time,
    flags: z.array(z.string()).describe('`override`: above the entitlement.'),
    rule: citedRule.nullable().describe('The rule that the first line was judged by.'),
    window: window.nullable().describe('The window that the first line counts in.'),
    reverses: uuid.nullable().describe('Of a reversal: the dispensation that it takes back.'),
    reservations: z
      .array(z.object({ id: uuid, outcome: z.string() }))
      .describe('`collected`, or `expired` and served as a walk-in.'),
  })
  .meta({ id: 'LedgerEntry' })
