import { z } from 'zod'
import { itemProblem } from '../../http/item-problem.ts'
import { countLine } from '../../http/masks.ts'
import { oneOf } from '../../http/schemas.ts'
import { stockLevel } from './schema.ts'

const MOST_COUNTS = 500

export const countsBody = z.strictObject({
  mode: z
    .enum(['each', 'all'])
    .default('each')
    .describe(
      '`each`: one that is refused holds up no other. `all`: one that is refused is the answer, nothing is changed.',
    ),
  counts: z.array(countLine).min(1).max(MOST_COUNTS).describe('Each of another product.'),
})

export const countResults = z
  .object({
    items: z
      .array(
        z.object({
          index: z.int().describe('In `counts`, from 0; in a file, rows after the header.'),
          product: z.string().nullable().describe('Null where the catalogue lacks the pack.'),
          outcome: oneOf(['counted', 'refused']),
          stock: stockLevel.optional().describe('As it is now, if it was counted.'),
          problem: itemProblem.optional().describe('If it was refused: what the count alone would have been answered.'),
        }),
      )
      .describe('In the order of the counts.'),
  })
  .meta({ id: 'CountResults' })

export type CountsBody = z.output<typeof countsBody>
export type CountResult = z.output<typeof countResults>['items'][number]
