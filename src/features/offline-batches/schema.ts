import { z } from 'zod'
import { FLAGS } from '../../domain/flags.ts'
import { itemProblem } from '../../http/item-problem.ts'
import type { OfflineKind } from '../../http/offline-kind.ts'
import { LONGEST_KEY, visibleText } from '../../http/request-key.ts'
import { oneOf } from '../../http/schemas.ts'

const MOST_ITEMS = 500

// The kinds of items, by name.
const kindNames = ['dispensation', 'reversal', 'movement', 'count'] as const
type KindName = (typeof kindNames)[number]
export type Kinds = Record<KindName, OfflineKind>

const EXAMPLE_KEY = '5f0a1d52-7a5e-4c55-9d6b-3a1f0e6b7c11'

const key = visibleText(LONGEST_KEY)
  .describe('As the Idempotency-Key of the online call: sent online and in a batch, it happens once.')
  .meta({ examples: [EXAMPLE_KEY] })

/** The body, for the documentation: each item is read on its own. */
export function batchBody(kinds: Kinds) {
  const items = kindNames.map((kind) => z.strictObject({ key, kind: z.literal(kind), body: kinds[kind].body }))
  return z.strictObject({
    items: z
      .array(z.union(items))
      .min(1)
      .max(MOST_ITEMS)
      .describe('In any order: they are taken in the order of their times.'),
  })
}

/** As much of a body as must be right for any of its items to be read. */
export const envelope = z.strictObject({ items: z.array(z.unknown()).min(1).max(MOST_ITEMS) })

/** As much of an item as must be right to read the rest of it. */
export const itemSchema = z.strictObject({ key, kind: z.enum(kindNames), body: z.unknown() })

const answers = ['RecordedEntry', 'RecordedMovement', 'CountedStock']

const result = z
  .object({
    key: z
      .string()
      .nullable()
      .describe('Of the item; null if it has none that can be read.')
      .meta({ examples: [EXAMPLE_KEY] }),
    outcome: z.enum(['recorded', 'replayed', 'refused']).describe('`replayed`: it was recorded before, online or off.'),
    status: z
      .int()
      .describe('What the online call would answer.')
      .meta({ examples: [201] }),
    answer: z
      .unknown()
      .optional()
      .meta({ shownAs: { anyOf: answers.map((id) => ({ $ref: `#/components/schemas/${id}` })) } }),
    problem: itemProblem.optional(),
    flags: z.array(oneOf(FLAGS)),
  })
  .meta({ id: 'OfflineResult' })

export const batchAnswer = z
  .object({
    items: z.array(result).describe('In the order of the request.'),
    legend: z
      .array(
        z.object({
          flag: oneOf(FLAGS),
          meaning: z.string().meta({ examples: ['Recorded more than 5 minutes after it happened.'] }),
          action: z
            .string()
            .describe('What the pharmacy should do.')
            .meta({ examples: ['Nothing, after an outage.'] }),
        }),
      )
      .describe('Each flag among the items, explained in the language of the answer.'),
  })
  .meta({ id: 'OfflineBatchAnswer' })

export type Result = z.output<typeof result>
