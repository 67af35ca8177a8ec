import { z } from 'zod'
import { pageOf, pageQuery } from '../../http/pages.ts'
import { finess, time, uuid } from '../../http/schemas.ts'

const status = z
  .enum(['pending', 'accepted', 'refused', 'replaced', 'expired'])
  .describe('Replaced: the client has asked anew.')

export const consentBody = z.strictObject({ pharmacy: finess })
export const consentParams = z.strictObject({ id: uuid })
export const consentQuery = z.strictObject({ ...pageQuery, status: status.optional() })
export const acceptance = z.strictObject({
  code: z.string().min(1).max(100).describe('As the client has sent it.').meta({ pattern: '^[A-Za-z0-9_-]+$' }),
})

export const consent = z
  .object({
    id: uuid,
    client: z.object({ id: uuid, name: z.string(), scopes: z.array(z.string()) }),
    pharmacy: z.object({ finess: z.string(), name: z.string() }),
    status,
    askedAt: time,
    expiresAt: time,
    answeredAt: time.nullable(),
  })
  .meta({
    id: 'Consent',
    description: 'A client asks a pharmacy to act for it; the pharmacy itself accepts or refuses.',
  })

const shownOnce = 'Shown only in this answer and never again, not even on a retry: if it is lost, ask anew.'

export const newConsent = consent
  .extend({
    code: z.string().optional().describe(shownOnce),
    link: z
      .string()
      .optional()
      .describe(`For the pharmacy, with the code behind its #; once the operator has set PUBLIC_URL. ${shownOnce}`),
  })
  .meta({ id: 'NewConsent' })
export const consentPage = pageOf(consent)

export type Consent = z.output<typeof consent>
