import { z } from 'zod'
import { iso } from '../domain/instant.ts'
import { accessKinds } from '../store/accesses.ts'
import type { AccessRow } from '../store/own-accesses.ts'
import { problemStatus } from './problem.ts'
import { oneOf, time, uuid } from './schemas.ts'

/** A reading of somebody's data. */
export const access = z
  .object({
    id: uuid,
    at: time,
    kind: z
      .enum([...accessKinds, 'refusal'])
      .describe('What was read. `refusal` is a refused hand-over or reversal, whose answer says what is left.'),
    reader: z.object({
      role: z.string(),
      subject: z.string().optional().describe('The name in the reader’s token.'),
    }),
    pharmacy: z.string().optional().describe('Where somebody asked at a counter.'),
    operator: z.string().optional().describe('The reader’s own pseudonym for the person who asked.'),
    outcome: oneOf(['shown', 'allow', ...Object.keys(problemStatus)]).describe(
      '`shown`, `not_found`, `allow`, or the code of a refusal.',
    ),
  })
  .meta({ id: 'Access' })

/** An access as answers show it, with the reader's name only where asked for. */
export function accessView({ at, role, reader, pharmacy, operator, ...item }: AccessRow, withSubject: boolean) {
  return {
    id: item.id,
    at: iso(at),
    kind: item.kind,
    reader: { role, ...(withSubject && { subject: reader }) },
    ...(pharmacy !== null && { pharmacy }),
    ...(operator !== null && { operator }),
    outcome: item.outcome,
  }
}

/** An access as the person concerned sees it: authorities by name, pharmacies by number, others by role. */
export function ownAccessView(access: AccessRow) {
  return accessView(access, access.role === 'regulator')
}
