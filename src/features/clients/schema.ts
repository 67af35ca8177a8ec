import { z } from 'zod'
import { saying } from '../../http/complaint.ts'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { finess, instant, profession, shownOnly, territory, text, time, uuid } from '../../http/schemas.ts'
import { scopes } from '../../http/scopes.ts'
import { jwks } from './jwks.ts'

const distinct = (values: readonly unknown[]) => new Set(values).size === values.length

const role = z
  .enum(['pharmacy', 'professional', 'regulator', 'admin'])
  .describe(
    'A `pharmacy` client acts for the pharmacies that grant it; a `professional` one, an app, for those whose tokens it exchanges, and for nobody else.',
  )
const status = z
  .enum(['active', 'suspended', 'revoked'])
  .describe(
    'Suspended: it gets no token, and its live tokens are refused (403). Revoked: for good, and its live tokens are refused (401).',
  )

const exchange = z.strictObject({
  issuer: text(500).describe('As its tokens, and this service’s configuration, name it.'),
  clients: z
    .array(text(200))
    .min(1)
    .max(20)
    .refine(distinct, saying({ en: 'names a client twice', fr: 'nomme deux fois le même client' }))
    .describe('What the issuer calls the app (`client_id` or `azp`): tokens given to others are not exchanged.'),
})

const fields = {
  name: text(100),
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .meta({ maxItems: scopes.length })
    .refine(distinct, saying({ en: 'names a scope twice', fr: 'nomme deux fois le même scope' }))
    .describe('The most that its tokens may be used for, within its role.'),
  territories: z.array(territory).max(200).default([]).describe('The remit of a regulator’s client.'),
  professions: z
    .array(profession)
    .max(200)
    .default([])
    .describe('Those to which the remit is limited; all if none is named.'),
  tokenSeconds: z.int().min(300).max(3600).default(900).describe('How long its tokens are valid.'),
  requestsPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullish()
    .describe('The most requests in a minute, for all its pharmacies together; as many as any client if left out.'),
  jwks: jwks.nullish(),
  exchange: exchange
    .nullish()
    .describe('The tokens that an app exchanges: required of role `professional`, and of no other.'),
}

export const clientBody = z.strictObject({ ...fields, role })
export const clientChange = z.strictObject({
  ...fields,
  status,
  id: uuid.optional().describe('That of the path.'),
  role: role.optional().describe('The one that it has.'),
  secrets: shownOnly,
  awaiting: shownOnly,
  pharmacies: shownOnly,
  tokensFrom: shownOnly,
  createdAt: shownOnly,
  updatedAt: shownOnly,
})
export const clientParams = z.strictObject({ id: uuid })
export const clientQuery = z.strictObject(pageQuery)
export const secretBody = z.strictObject({ expiresAt: instant.optional() }).nullish()
export const secretParams = z.strictObject({ id: uuid, secret: uuid })
export const emptyBody = z.strictObject({}).nullish()
export const requestBody = z.strictObject({ request: uuid.describe('The id that `awaiting` shows.') })
export const grantParams = z.strictObject({ finess, client: uuid })
export const grantsParams = z.strictObject({ finess })

const secret = z
  .object({ id: uuid, createdAt: time, expiresAt: time.nullable() })
  .meta({ id: 'ClientSecret', description: 'A live secret: only its id is shown.' })

const shownOnce = z
  .string()
  .optional()
  .describe('Shown only in this answer and never again, not even on a retry: if it is lost, make another secret.')

const state = z.object({
  name: z.string(),
  status,
  scopes: z.array(z.string()),
  territories: z.array(z.string()),
  professions: z.array(z.string()),
  tokenSeconds: z.int(),
  requestsPerMinute: z.int().nullable(),
  jwks: z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).nullable(),
  exchange: exchange.nullable(),
})

const request = z
  .object({
    id: uuid,
    askedAt: time,
    askedBy: z.string().describe('The issuer and subject of an admin, or `command` and its operator.'),
    change: state.nullable().describe('The client as it would be.'),
    secret: uuid.nullable().describe('The id of the secret that it would get.'),
  })
  .meta({ id: 'ClientRequest', description: 'What one admin asks for a client: done once another one confirms it.' })

export const client = state
  .extend({
    id: uuid,
    role,
    secrets: z.array(secret),
    pharmacies: z.int().describe('How many pharmacies grant it at present.'),
    tokensFrom: time.nullable().describe('Tokens issued until then are refused.'),
    createdAt: time,
    updatedAt: time,
    awaiting: request.nullable(),
  })
  .meta({ id: 'Client' })

export const newClient = client.extend({ secret: shownOnce }).meta({ id: 'NewClient' })
export const newSecret = secret
  .extend({
    secret: shownOnce,
    awaiting: uuid.nullable().describe('The request that another admin confirms first; null if the secret works.'),
  })
  .meta({ id: 'NewClientSecret' })
export const clientPage = pageOf(client)

export const grant = z
  .object({
    id: uuid,
    pharmacy: z.string(),
    client: z.object({ id: uuid, name: z.string() }),
    grantedAt: time,
    grantedBy: z.string().describe('The pharmacy itself, or an admin who holds its mandate on paper.'),
    withdrawnAt: time.nullable(),
    withdrawnBy: z.string().nullable(),
  })
  .meta({ id: 'Grant', description: 'A client may act for a pharmacy, from then until withdrawn.' })

export const grantPage = pageOf(grant)

export const grantsBody = z.strictObject({
  pharmacies: z.array(z.string().max(20)).min(1).max(1_000).describe('FINESS numbers, up to 1,000.'),
})

const grantResult = z
  .object({
    index: z.int().min(0).describe('The place in the request.'),
    pharmacy: z.string(),
    outcome: z.enum(['granted', 'granted_already', 'refused']),
    grant: uuid.optional().describe('The id of the grant, unless refused.'),
    code: z
      .enum(['invalid_request', 'not_found'])
      .optional()
      .describe('Why it was refused: no FINESS number with a right key, or no such pharmacy.'),
  })
  .meta({ id: 'GrantResult' })

export const grantResults = z.object({ items: z.array(grantResult) })

export type ClientBody = z.output<typeof clientBody>
export type ClientChange = z.output<typeof clientChange>
export type Client = z.output<typeof client>
export type Secret = z.output<typeof secret>
export type Grant = z.output<typeof grant>
export type GrantResult = z.output<typeof grantResult>
