import { decodeJwt, errors, importSPKI, jwtVerify } from 'jose'
import { Problem } from '../problem.ts'
import { givenTo, isAccessToken, isOneOf } from './access-token.ts'
import type { Introspection, IssuerSettings } from './configuration.ts'
import type { Issuer, TokenHeader, VerifiedToken } from './issuer.ts'
import type { Person } from './profile.ts'
import type { Provider } from './provider.ts'

type Claims = Record<string, unknown>
type Told = { claims: Claims; why?: never } | { claims?: never; why: string }

/** What of an issuer it takes to look at the tokens that apps hold. */
interface Needs {
  provider: Pick<Provider, 'introspect'>
  keyOf: Issuer['keyOf']
  /** Who the claims are about, with what userinfo adds; it is always asked where that alone tells live tokens. */
  personOf(token: VerifiedToken, asks?: true): Promise<Person | undefined>
  /** Throws a Problem for somebody whom the directory does not know, or who is suspended. */
  admit(person: Person): Promise<unknown>
}

const LEEWAY_SECONDS = 30

/**
 * Makes the function that asks an issuer about an access token that an app holds. Nothing it answers is kept: what the
 * issuer has revoked is never taken again. Userinfo tells neither when a token ends nor which app it was given to, so
 * where that is asked, the token must be a signed one, and say both itself.
 */
export function subjectsOf(
  settings: IssuerSettings,
  exchange: NonNullable<IssuerSettings['exchange']>,
  { provider, keyOf, personOf, admit }: Needs,
): NonNullable<Issuer['subjectOf']> {
  return async (raw, clients, now) => {
    // No other issuer's token is shown to this one.
    if (![undefined, settings.issuer].includes(issuerIn(raw))) return { why: 'token of another issuer' }
    const { claims, why } =
      exchange.check === 'introspection'
        ? await introspected(raw, settings, provider, exchange)
        : await verified(raw, now, settings, keyOf)
    if (!claims) return { why }
    const { iss = settings.issuer, exp, aud } = claims
    if (iss !== settings.issuer) return { why: 'token of another issuer' }
    if (!(typeof exp === 'number' && now < exp)) return { why: 'token without an end, or ended' }
    const names = givenTo(claims)
    const apps = names.length > 0 ? names : [aud ?? []].flat()
    if (!isOneOf(clients, apps)) return { why: 'token of another app' }
    const person = await personOf({ payload: claims, raw }, exchange.check === 'userinfo' || undefined)
    if (!person) return { why: 'claims' }
    const told = await admit(person).then(() => undefined, refusalOf)
    return told === undefined ? { identifier: person.identifier, expiresAt: exp } : { why: 'person', told }
  }
}

/** The issuer that a token names, if it can be read at all; nothing of it has been checked. */
function issuerIn(raw: string): string | undefined {
  try {
    return decodeJwt(raw).iss
  } catch {
    return undefined
  }
}

function refusalOf(error: unknown): string {
  if (error instanceof Problem && error.status === 403) return error.message
  throw error
}

async function introspected(
  raw: string,
  { accessToken }: IssuerSettings,
  provider: Needs['provider'],
  credentials: Introspection,
): Promise<Told> {
  const claims = await provider.introspect(raw, credentials)
  if (!claims.active) return { why: 'token not active' }
  // Refresh tokens can be asked about in the same place.
  const mark = accessToken === 'at+jwt' ? undefined : claims[accessToken.claim]
  const isAccess =
    mark === undefined || accessToken === 'at+jwt'
      ? String(claims.token_type).toLowerCase() === 'bearer'
      : mark === accessToken.value
  return isAccess ? { claims } : { why: 'no access token' }
}

async function verified(
  raw: string,
  now: number,
  { issuer, algorithms, accessToken }: IssuerSettings,
  keyOf: Issuer['keyOf'],
): Promise<Told> {
  try {
    const { payload, protectedHeader } = await jwtVerify(
      raw,
      async (header) => importSPKI(await keyOf(header as TokenHeader), header.alg),
      {
        algorithms,
        issuer,
        currentDate: new Date(now * 1000),
        clockTolerance: LEEWAY_SECONDS, // Of `exp` none is given, as it is compared again.
        requiredClaims: ['exp', 'sub'],
      },
    )
    const isAccess = isAccessToken(accessToken, protectedHeader as TokenHeader, payload)
    return isAccess ? { claims: payload } : { why: 'no access token' }
  } catch (error) {
    if (error instanceof Problem) throw error
    return { why: error instanceof errors.JOSEError ? error.code : 'unknown key' }
  }
}
