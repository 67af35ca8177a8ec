import { z } from 'zod'
import { eventTypes } from '../../domain/event-types.ts'
import { saying } from '../../http/complaint.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { finess, instant, oneOf, time, uuid } from '../../http/schemas.ts'
import { postFaults } from '../../http/targets/post.ts'

const PUBLIC_KEY = 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
const EVENT = '019ad0c4-5a00-7000-8000-000000000001'

const distinct = (values: readonly unknown[]) => new Set(values).size === values.length

const MOST_PHARMACIES = 1_000

const target = z
  .string()
  .min(1)
  .max(2_000)
  .describe('An https URL on the public internet, port 443 or above 1023, without a name or password.')
  .meta({ format: 'uri', examples: ['https://till.example.com/gomask'] })
const pharmacies = z
  .union([
    z.literal('all_granted'),
    z
      .array(finess)
      .min(1)
      .max(MOST_PHARMACIES)
      .refine(distinct, saying({ en: 'names a pharmacy twice', fr: 'nomme deux fois la même officine' })),
  ])
  .describe('All that grant the client, whenever they do, or these; for a regulator’s client those in its remit.')
const signing = z
  .enum(['v1', 'v1a'])
  .describe('As Standard Webhooks says: `v1` is HMAC-SHA256 with a shared secret, `v1a` Ed25519 with a public key.')

export const endpointBody = z.strictObject({
  url: target,
  types: z
    .array(z.enum(eventTypes))
    .max(eventTypes.length)
    .refine(distinct, saying({ en: 'names a type twice', fr: 'nomme deux fois le même type' }))
    .describe('All that the client’s scopes let it read, if none is named.'),
  pharmacies,
  signing,
})
export const endpointParams = z.strictObject({ id: uuid })
export const endpointQuery = z.strictObject(pageQuery)
export const rotationBody = z
  .strictObject({
    overlapHours: z
      .int()
      .min(0)
      .max(168)
      .default(24)
      .describe('How long messages are signed with the former secret too; 0 if it has leaked.'),
  })
  .nullish()
export const emptyBody = z.strictObject({}).nullish()
export const redeliveryBody = z
  .strictObject({
    event: uuid.optional().describe('The id of one event, as in `webhook-id`.'),
    from: instant.optional().describe('Events from then on.'),
    to: instant.optional().describe('And before then.'),
  })
  .describe('One event, or those of a time, said by both its ends.')
export const deliveryQuery = z.strictObject({
  ...pageQuery,
  event: uuid.optional().describe('Only attempts at this event.'),
})

const key = z
  .object({
    id: uuid,
    publicKey: z
      .string()
      .nullable()
      .describe('`whpk_…`; null for a shared secret, which is never shown again.')
      .meta({ examples: [PUBLIC_KEY] }),
    createdAt: time,
    expiresAt: time.nullable().describe('Null for the newest.'),
  })
  .meta({ id: 'WebhookKey', description: 'What messages are signed with.' })

export const endpoint = z
  .object({
    id: uuid,
    url: z.string(),
    types: z.array(oneOf(eventTypes)),
    pharmacies,
    signing,
    status: z
      .enum(['active', 'paused', 'ended'])
      .describe('Paused: nothing arrived for three days; a test that arrives resumes it. Ended: it answered 410 Gone.'),
    statusSince: time,
    failingSince: time.nullable().describe('The first of the attempts that failed since one succeeded.'),
    keys: z.array(key),
    createdAt: time,
  })
  .meta({ id: 'WebhookEndpoint' })

export const newEndpoint = endpoint
  .extend({
    secret: z
      .string()
      .optional()
      .describe('`whsec_…`, for `v1`. Shown only in this answer, not even on a retry: if it is lost, rotate.'),
    publicKey: z
      .string()
      .nullable()
      .describe('`whpk_…`, for `v1a`.')
      .meta({ examples: [PUBLIC_KEY] }),
  })
  .meta({ id: 'NewWebhookEndpoint' })
export const endpointPage = pageOf(endpoint)

const delivery = z
  .object({
    id: uuid,
    event: z.string().meta({ examples: [EVENT] }),
    type: z.string().meta({ examples: ['reservation.created'] }),
    pharmacy: z.string().nullable(),
    at: time,
    outcome: z
      .enum(['delivered', 'failed', 'given_up'])
      .describe('Failed: it is tried again. Given up: after three days in which others arrived.'),
    httpStatus: z.int().nullable().describe('What the receiver answered; null if nothing.'),
    fault: oneOf(postFaults).nullable(),
    durationMs: z.int(),
  })
  .meta({ id: 'WebhookDelivery', description: 'One attempt to deliver an event.' })
export const deliveryPage = pageOf(delivery)

export const sentTest = z.object({
  event: uuid.describe('Its `webhook-id`; how it went is in the deliveries a moment later.'),
})
export const redelivery = z.object({ events: z.int().describe('How many events are delivered again.') })

export type EndpointBody = z.output<typeof endpointBody>
export type Endpoint = z.output<typeof endpoint>
export type Redelivery = z.output<typeof redeliveryBody>
export type Delivery = z.output<typeof delivery>
