import { z } from 'zod'
import { time, uuid } from './schemas.ts'

/** Of an answer: what was done, but should be looked at again, since something like it was recorded before. */
export function warnings<Code extends string>(code: Code, when: string) {
  return z
    .array(
      z.object({
        code: z.literal(code).describe(when),
        id: uuid.describe('Of what was recorded before.'),
        occurredAt: time,
      }),
    )
    .optional()
    .describe('Left out where there are none. Nothing is refused for them.')
}
