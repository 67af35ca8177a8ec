import { z } from 'zod'
import { instant, oneOf, text, time } from '../../http/schemas.ts'

const reasons = ['equipment', 'sold_out', 'not_taking_part', 'closed', 'other'] as const
const LONGEST_HOURS = 200
const LONGEST_NOTE = 200

export const serviceBody = z.strictObject({
  reservations: z.boolean().describe('Whether masks can be reserved; if not, 409 `reservations_closed`.'),
  walkIns: z.boolean().describe('Whether people without a reservation are served; shown, and left to the counter.'),
  reason: z.enum(reasons).optional(),
  until: instant.optional().describe('When the notice ends by itself; if left out, with the next one.'),
  handOverHours: text(LONGEST_HOURS).optional().describe('When masks are handed over, in OSM syntax.'),
  note: text(LONGEST_NOTE).optional().describe('For those who look for masks; no personal data.'),
  liveHolds: z
    .enum(['keep', 'cancel'])
    .describe('Whether live reservations stay, or are cancelled now (`reservations_closed`).'),
})

export const service = z
  .object({
    reservations: z.boolean().describe('Whether masks can be reserved.'),
    walkIns: z.boolean().describe('Whether people without a reservation are served.'),
    reason: oneOf(reasons).nullable(),
    until: time.nullable().describe('When the notice ends by itself.'),
    handOverHours: z.string().nullable().describe('When masks are handed over, in OSM syntax.'),
    note: z.string().nullable(),
  })
  .meta({ id: 'Service' })

export type ServiceBody = z.output<typeof serviceBody>
export type Service = z.output<typeof service>
