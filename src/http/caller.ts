import { z } from 'zod'
import { finessNumber, professionalId } from '../domain/identifiers.ts'
import { invalid, Problem } from '../domain/problems.ts'

export const roles = ['pharmacy', 'professional', 'regulator', 'admin'] as const
export type Role = (typeof roles)[number]

/** What a token says of its bearer, after its signature, issuer, audience and expiry were checked. */
export const claims = z
  .object({
    iss: z.string().min(1),
    sub: z.string().min(1).max(255),
    role: z.enum(roles),
    finess: z.array(z.string().refine((text) => finessNumber(text) === text)).default([]),
    territories: z.array(z.string()).default([]),
    professions: z.array(z.string()).default([]),
  })
  .refine(({ role, sub }) => role !== 'professional' || professionalId(sub) !== undefined)
  .refine(({ role, finess }) => role !== 'pharmacy' || finess.length > 0)

/** Who calls, and on whose behalf. */
export interface Caller {
  issuer: string
  subject: string
  role: Role
  /** The pharmacies that a `pharmacy` caller acts for. */
  finess: string[]
  /** Of them, those that are suspended or closed. */
  suspended: string[]
  /** A regulator's remit; no professions named means all. */
  territories: string[]
  professions: string[]
}

/** The caller's own national number; for routes whose policy admits professionals only. */
export function professionalOf(caller: Caller): string {
  const identifier = professionalId(caller.subject)
  if (identifier === undefined) throw new Problem('forbidden', 'The token names no professional.')
  return identifier
}

/** The pharmacies that a caller acts for and that are not suspended. */
export function actingFor({ finess, suspended }: Caller): string[] {
  return finess.filter((pharmacy) => !suspended.includes(pharmacy))
}

/**
 * The pharmacy that a request is for: the one named, or the only one that the token acts for. Throws 400 when it must be
 * named, 403 when the token does not act for it or it is suspended.
 */
export function pharmacyFor(caller: Caller, named: string | undefined): string {
  const [only, ...others] = caller.finess
  if (named === undefined && others.length > 0) {
    throw invalid('pharmacy', 'required, since this token acts for several pharmacies')
  }
  const pharmacy = named ?? only
  if (pharmacy === undefined || !caller.finess.includes(pharmacy)) {
    throw new Problem('forbidden', 'The token does not act for this pharmacy.')
  }
  if (caller.suspended.includes(pharmacy)) {
    throw new Problem('pharmacy_suspended', 'This pharmacy is suspended. Ask the operator of the service.')
  }
  return pharmacy
}
