import type { Standing } from '../../store/standing.ts'
import type { Caller } from '../caller.ts'

/** The signature algorithms that an issuer may be given: asymmetric ones alone. */
export const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const
type Algorithm = (typeof algorithms)[number]

/** The header of a token, before anything of it was checked. */
export interface TokenHeader {
  alg: string
  kid?: string
}

/** A token whose signature, issuer, audience and times were checked. */
export interface VerifiedToken {
  raw: string
  payload: Record<string, unknown>
}

/** An issuer of tokens that this service accepts. */
export interface Issuer {
  /** As `iss` names it. */
  issuer: string
  audience: string
  algorithms: readonly Algorithm[]
  /** The public key in PEM that a token must be signed with. Throws any error for 401, a Problem to answer that. */
  keyOf(header: TokenHeader): Promise<string>
  /** Who bears the token; undefined for 401. Throws a Problem to answer that. */
  callerOf(token: VerifiedToken, standing: Standing): Caller | undefined | Promise<Caller | undefined>
}
