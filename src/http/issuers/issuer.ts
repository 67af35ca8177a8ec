import type { Standing } from '../../store/standing.ts'
import type { Caller } from '../caller.ts'

/** The signature algorithms that may be configured for an issuer: only asymmetric ones. */
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

/** The header of a token of which nothing has been checked yet. */
export interface TokenHeader {
  alg: string
  kid?: string
  typ?: string
}

/** A token whose signature, issuer, audience and times have been checked. */
export interface VerifiedToken {
  raw: string
  payload: Record<string, unknown>
}

/** Somebody whose access token an app holds, as the token's issuer knows them. */
interface Subject {
  /** An RPPS or ADELI number. */
  identifier: string
  /** When the token ends, in seconds since 1970. */
  expiresAt: number
}

/** Why a token that an app holds is not taken. */
export interface NotTaken {
  /** For the log only. */
  why: string
  /** What the person can be told who cannot come in, whatever token. */
  told?: string
}

/** An issuer of tokens that this service accepts. */
export interface Issuer {
  /** As `iss` names it. */
  issuer: string
  /** Its tokens carry one of these. */
  audience: readonly string[]
  algorithms: readonly Algorithm[]
  /** Whether a token that it signed is one to be shown to this service. */
  isForUs(header: TokenHeader, payload: Record<string, unknown>): boolean
  /**
   * The public key (PEM) that must have signed a token. Throws a Problem, to answer that, or any other error for 401.
   */
  keyOf(header: TokenHeader): Promise<string>
  /** The bearer of the token; undefined for 401. Throws a Problem to answer that. */
  callerOf(token: VerifiedToken, standing: Standing): Caller | undefined | Promise<Caller | undefined>
  /**
   * Asks the issuer about an access token that it gave to one of these clients of its, at a time in seconds since 1970.
   * Throws a Problem if the issuer does not answer. Undefined if tokens of this issuer are not exchanged.
   */
  subjectOf?(token: string, clients: readonly string[], now: number): Promise<Subject | NotTaken>
}
