import type { FastifyRequest } from 'fastify'
import { professionalId } from '../domain/identifiers.ts'
import type { Text } from '../domain/language.ts'
import { invalid } from '../domain/refusals.ts'
import { pharmacySuspended } from '../domain/suspended.ts'
import { Problem } from './problem.ts'

export const roles = ['pharmacy', 'professional', 'regulator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who calls, and on whose behalf. */
export interface Caller {
  issuer: string
  subject: string
  role: Role
  /** The pharmacies that a `pharmacy` caller acts for. */
  finess: string[]
  /** Those of them that are suspended or closed. */
  suspended: string[]
  /** A regulator's remit; no professions named means all. */
  territories: string[]
  professions: string[]
  /**
   * Only for a machine's token, and for that of an app which acts for a professional: its scopes, as far as its client
   * still has them, and what else concerns the client.
   */
  client?: {
    id: string
    scopes: string[]
    suspended: boolean
    requestsPerMinute: number | null
    /** The token is for some of its client's pharmacies alone. */
    isNarrowed: boolean
  }
}

/** Whom limits count a request for: its caller or, as long as nobody is known, its address. */
export function whoOf({ caller, network }: Pick<FastifyRequest, 'caller' | 'network'>): string {
  return caller ? `${caller.issuer}\n${caller.role}\n${caller.subject}` : network
}

/** The national number that is the caller's name, if it is one. Pharmacies are named by other numbers. */
export function numberOf({ subject, finess }: Pick<Caller, 'subject' | 'finess'>): string | undefined {
  return finess.includes(subject) ? undefined : professionalId(subject)
}

const namesNobody: Text = {
  en: 'The token names no professional.',
  fr: 'Le jeton ne désigne aucun professionnel.',
}

/** The caller's own national number; for routes whose policy admits professionals only. */
export function professionalOf(caller: Caller): string {
  const identifier = professionalId(caller.subject)
  if (identifier === undefined) throw new Problem('forbidden', namesNobody)
  return identifier
}

/** The pharmacies that a caller acts for, except suspended ones. */
export function actingFor({ finess, suspended }: Caller): string[] {
  return finess.filter((pharmacy) => !suspended.includes(pharmacy))
}

/**
 * The pharmacy that a request is for: the one named, or the only one that the token acts for. Throws 400 if it must be
 * named, 403 if the token does not act for it or it is suspended.
 */
export function pharmacyFor(caller: Caller, named: string | undefined): string {
  const [only, ...others] = caller.finess
  if (named === undefined && others.length > 0) {
    throw invalid('pharmacy', {
      en: 'required, since this token acts for several pharmacies',
      fr: 'obligatoire, car ce jeton agit pour plusieurs officines',
    })
  }
  const pharmacy = named ?? only
  if (pharmacy === undefined || !caller.finess.includes(pharmacy)) {
    throw new Problem('forbidden', {
      en: 'The token does not act for this pharmacy.',
      fr: 'Le jeton n’agit pas pour cette officine.',
    })
  }
  if (caller.suspended.includes(pharmacy)) {
    throw new Problem('pharmacy_suspended', pharmacySuspended)
  }
  return pharmacy
}

/**
 * The pharmacy that a thing named by its id must belong to: the one named with it, or the only one that the caller acts
 * for; if there are several, the one that `look` finds. Undefined if the thing cannot be the caller's.
 */
export async function pharmacyOfThing(
  caller: Caller,
  named: string | undefined,
  look: (pharmacies: string[]) => Promise<string | undefined>,
): Promise<string | undefined> {
  const own = actingFor(caller).filter((pharmacy) => named === undefined || pharmacy === named)
  return own.length > 1 ? look(own) : own[0]
}
