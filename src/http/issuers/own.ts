import { z } from 'zod'
import { finessNumber, professionalId } from '../../domain/identifiers.ts'
import type { SigningKeys } from '../../keys/signing-key.ts'
import type { Standing } from '../../store/standing.ts'
import { type Caller, roles } from '../caller.ts'
import { AUDIENCE, ISSUER, pharmacyOfResource } from '../tokens.ts'
import type { Issuer } from './issuer.ts'

const claims = z
  .object({
    sub: z.string().min(1).max(255),
    role: z.enum(roles),
    finess: z.array(z.string().refine((text) => finessNumber(text) === text)).default([]),
    territories: z.array(z.string()).default([]),
    professions: z.array(z.string()).default([]),
  })
  .refine(({ role, sub }) => role !== 'professional' || professionalId(sub) !== undefined)
  .refine(({ role, finess }) => role !== 'pharmacy' || finess.length > 0)

const clientClaims = z
  .object({
    sub: z.uuid(),
    client_id: z.uuid(),
    scope: z.string(),
    iat: z.number(),
    aud: z.union([z.string(), z.array(z.string())]),
  })
  .transform(({ aud, ...rest }) => {
    const pharmacies = [aud].flat().flatMap((each) => pharmacyOfResource(each) ?? [])
    return { ...rest, narrowedTo: pharmacies.length > 0 ? pharmacies : undefined }
  })

const ACCESS_TOKENS: readonly (string | undefined)[] = ['JWT', 'at+jwt']

const actingClaims = z.object({
  sub: z.string().refine((text) => professionalId(text) === text),
  role: z.literal('professional'),
  client_id: z.uuid(),
  act: z.strictObject({ sub: z.uuid() }),
  scope: z.string(),
  iat: z.number(),
})

/**
 * This service as an issuer: of the tokens of `gomask token`, which say what their bearer may do, of clients' tokens,
 * and of those that apps have exchanged for professionals. With a public URL it has two names; in what it stores it is
 * always `gomask`.
 */
export function ownIssuers(keys: SigningKeys, publicUrl: string | undefined): Issuer[] {
  const pems = new Map(keys.map(({ id, publicPem }) => [id, publicPem]))
  const own: Omit<Issuer, 'issuer'> = {
    audience: [AUDIENCE],
    algorithms: ['ES256'],
    isForUs: ({ typ }) => ACCESS_TOKENS.includes(typ), // Its keys sign vouchers too.
    async keyOf({ kid }) {
      const pem = kid === undefined ? undefined : pems.get(kid)
      if (pem === undefined) throw new Error('unknown key')
      return pem
    },
    callerOf({ payload }, standing) {
      if (standing.revoked.has(String(payload.jti))) return undefined
      if ('act' in payload) return actingOf(payload, standing)
      return 'client_id' in payload ? clientOf(payload, standing) : bearerOf(payload)
    },
  }
  return [ISSUER, ...(publicUrl === undefined ? [] : [publicUrl])].map((issuer) => ({ ...own, issuer }))
}

const parsed = new WeakMap<object, z.ZodSafeParseResult<unknown>>()

// A remembered token keeps its payload, which is parsed once and never changed.
function parsedOnce<T>(payload: object, schema: z.ZodType<T>): z.ZodSafeParseResult<T> {
  const found = parsed.get(payload) ?? schema.safeParse(payload)
  parsed.set(payload, found)
  return found as z.ZodSafeParseResult<T>
}

function bearerOf(payload: object): Caller | undefined {
  const { data } = parsedOnce(payload, claims)
  if (!data) return undefined
  const { sub, ...rest } = data
  const subject = rest.role === 'professional' ? (professionalId(sub) ?? sub) : sub
  return { ...rest, issuer: ISSUER, subject, suspended: [] }
}

// What a client may do comes from its standing and not from its token, so that changes reach tokens already issued.
function clientOf(payload: object, standing: Standing): Caller | undefined {
  const { data } = parsedOnce(payload, clientClaims)
  const client = data && data.sub === data.client_id ? clientIn(data, standing) : undefined
  if (!data || !client) return undefined
  const { id, role, territories, professions } = client
  const { narrowedTo } = data
  const within = (pharmacies: string[]) => narrowedTo?.filter((each) => pharmacies.includes(each)) ?? pharmacies
  return {
    issuer: ISSUER,
    subject: id,
    role,
    finess: within(client.finess),
    territories,
    professions,
    suspended: within(client.closed),
    client: limitsOf(client, data.scope, narrowedTo !== undefined),
  }
}

function actingOf(payload: object, standing: Standing): Caller | undefined {
  const { data } = parsedOnce(payload, actingClaims)
  const client = data && data.act.sub === data.client_id ? clientIn(data, standing) : undefined
  if (!data || client?.role !== 'professional') return undefined
  const { sub: subject, role, scope } = data
  const nothing = { finess: [], territories: [], professions: [], suspended: [] }
  return { issuer: ISSUER, subject, role, ...nothing, client: limitsOf(client, scope, false) }
}

type Client = NonNullable<ReturnType<Standing['clients']['get']>>

/** The client that a token was issued to, unless the token is refused since. */
function clientIn({ client_id: id, iat }: { client_id: string; iat: number }, { clients }: Standing) {
  const client = clients.get(id)
  return client && (client.tokensFrom === null || iat > client.tokensFrom) ? client : undefined
}

function limitsOf(client: Client, scope: string, isNarrowed: boolean): NonNullable<Caller['client']> {
  const { id, suspended, requestsPerMinute } = client
  const scopes = scope.split(' ').filter((each) => client.scopes.includes(each))
  return { id, scopes, suspended, requestsPerMinute, isNarrowed }
}
