import { z } from 'zod'
import { text } from '../schemas.ts'
import { algorithms } from './issuer.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** An address to which tokens may be sent and from which keys may be taken. */
export const secureUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .max(500)
  .refine((url) => !URL.canParse(url) || isSecure(new URL(url)), 'must be https, or http to this machine itself')

const issuerUrl = secureUrl.refine((url) => !/[?#]/.test(url), 'must have no query and no fragment')

/** Which claim says what, for an issuer other than Pro Santé Connect. Each value is the name of a claim. */
const claimMapping = z.strictObject({
  identifier: text(200),
  otherIds: text(200).optional(),
  profession: text(200).optional(),
  finess: text(200).optional(),
  familyName: text(200).default('family_name'),
  givenName: text(200).default('given_name'),
})

// Keycloak, and so Pro Santé Connect, says it in the payload.
const KEYCLOAK = { claim: 'typ', value: 'Bearer' }

// How the issuer tells whether an access token that an app holds is live, and whose it is.
const exchange = z.discriminatedUnion(
  'check',
  [
    z.strictObject({
      check: z.literal('introspection'),
      endpoint: secureUrl.optional(),
      clientId: text(200),
      clientSecretFile: text(500),
    }),
    z.strictObject({ check: z.literal('userinfo') }),
  ],
  { error: 'must be an object whose check is "introspection" or "userinfo"' },
)

const settings = z
  .strictObject({
    issuer: issuerUrl,
    audience: z.union([text(500), z.array(text(500)).min(1, 'must name an audience')], {
      error: 'must be an audience, or a list of them',
    }),
    algorithms: z.array(z.enum(algorithms)).min(1, 'must name an algorithm'),
    jwksUri: secureUrl.optional(),
    profile: z.union([z.literal('pro-sante-connect'), claimMapping], {
      error: 'must be "pro-sante-connect", or an object with the name of the claim that is the identifier',
    }),
    acrValues: z.array(text(200)).min(1, 'must name a value').optional(),
    accessToken: z
      .union([z.literal('at+jwt'), z.strictObject({ claim: text(200), value: text(200) })], {
        error: 'must be "at+jwt", or an object with the claim, and its value, that only access tokens have',
      })
      .optional(),
    clients: z.array(text(200)).min(1, 'must name a client').optional(),
    enrol: z.boolean().default(false),
    exchange: exchange.optional(),
  })
  .transform((given) => ({
    ...given,
    audience: [given.audience].flat(),
    acrValues: given.acrValues ?? (given.profile === 'pro-sante-connect' ? ['eidas1'] : undefined),
    accessToken: given.accessToken ?? (given.profile === 'pro-sante-connect' ? KEYCLOAK : ('at+jwt' as const)),
  }))

/** How tokens of an OpenID Connect issuer are verified and read. */
export type IssuerSettings = z.output<typeof settings>
/** The credentials of this service at an issuer that it asks about tokens (RFC 7662). */
export type Introspection = Extract<NonNullable<IssuerSettings['exchange']>, { check: 'introspection' }>
export type ClaimMapping = z.output<typeof claimMapping>

/** Reads a list of issuers. Throws an error whose one-line message names the first wrong value. */
export function parseIssuers(value: unknown, ownNames: readonly string[]): IssuerSettings[] {
  const parsed = z.array(settings, 'must be a list of issuers').safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(`${pathOf(issue?.path ?? [])}${issue?.message}`)
  }
  const names = [...ownNames, ...parsed.data.map(({ issuer }) => issuer)]
  const twice = parsed.data.findIndex(({ issuer }, index) => names.indexOf(issuer) < index + ownNames.length)
  if (twice >= 0) throw new Error(`[${twice}].issuer: is this service, or named twice`)
  return parsed.data
}

function isSecure({ protocol, hostname, username, password }: URL): boolean {
  return username === '' && password === '' && (protocol === 'https:' || LOOPBACK.test(hostname))
}

function pathOf(path: readonly PropertyKey[]): string {
  const written = path.map((part, index) =>
    typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
  )
  return written.length === 0 ? '' : `${written.join('')}: `
}
