import { z } from 'zod'
import { type EventType, eventTypes } from '../../domain/event-types.ts'
import { saying } from '../../http/complaint.ts'
import { finess, oneOf, queryInteger, time, uuid } from '../../http/schemas.ts'

const isType = (text: string): text is EventType => (eventTypes as readonly string[]).includes(text)

const types = z
  .string()
  .max(400)
  .transform((text) => text.split(','))
  .pipe(
    z.array(z.string().refine(isType, saying({ en: 'must be a type of event', fr: 'doit être un type d’événement' }))),
  )
  .describe(`Only these types, separated by commas: ${eventTypes.map((type) => `\`${type}\``).join(', ')}.`)
  .meta({ pattern: '^[a-z._]+(?:,[a-z._]+)*$' })

export const eventsQuery = z.strictObject({
  after: z
    .string()
    .min(1)
    .max(100)
    .meta({ pattern: '^[0-9A-Za-z-]+$' })
    .optional()
    .describe(
      'Where to read on: a `nextCursor`, the id of an event, or `latest` for what happens from now on. If left out, from the oldest event that is kept.',
    ),
  limit: queryInteger(1, 100).optional().describe('Events per page; 20 if left out.'),
  type: types.optional(),
  pharmacy: finess.optional().describe('Only events at this pharmacy.'),
})

const EXAMPLE = {
  ...{ id: '019ad0c4-5a00-7000-8000-000000000001', pharmacy: '319009015', product: 'surgical', quantity: 6 },
  ...{ status: 'held', expiresAt: '2026-11-21T09:30:00.000Z', label: 'KD4' },
}

const event = z
  .object({
    id: uuid,
    type: oneOf(eventTypes),
    at: time,
    data: z
      .record(z.string(), z.unknown())
      .describe(
        'What a receiver needs to act: the `id` of the reservation, entry or rule, `pharmacy`, `product`, quantities and status, as the thing itself shows them. Never whom it is about.',
      )
      .meta({ examples: [EXAMPLE] }),
  })
  .meta({ id: 'Event' })

export const eventPage = z.object({
  items: z.array(event),
  nextCursor: z
    .string()
    .describe('Where to read on. It is there even if nothing more has happened yet.')
    .meta({ examples: ['hf2m9x3k7q1'] }),
})

export type EventsQuery = z.output<typeof eventsQuery>
