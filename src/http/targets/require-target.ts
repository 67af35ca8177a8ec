import { setTimeout as wait } from 'node:timers/promises'
import type { Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import { type Guard, type TargetFault, TargetRefused } from './guard.ts'

const PATIENCE_MS = 2_000

/**
 * Refuses a target that is out of reach now. A name that nobody knows yet is taken: each delivery asks again. Throws
 * `target_refused`.
 */
export async function requireTarget(guard: Guard, target: string): Promise<void> {
  try {
    const addresses = guard.addressesOf(guard.judge(target))
    await Promise.race([addresses, wait(PATIENCE_MS, undefined, { ref: false })])
  } catch (error) {
    if (!(error instanceof TargetRefused)) return
    const detail = reasons[error.fault]
    throw new Rejection('target_refused', detail, { errors: [{ path: 'url', message: detail }] })
  }
}

const reasons: Record<TargetFault, Text> = {
  url: {
    en: 'The target must be a URL of at most 2,000 characters, without a fragment.',
    fr: 'La cible doit être une URL de 2 000 caractères au plus, sans fragment.',
  },
  scheme: { en: 'The target must be reached by https.', fr: 'La cible doit être joignable par https.' },
  credentials: {
    en: 'The target must not hold a name or a password.',
    fr: 'La cible ne doit contenir ni nom ni mot de passe.',
  },
  port: {
    en: 'The target’s port must be 443 or 1024 and above.',
    fr: 'Le port de la cible doit être 443, ou 1024 et au-delà.',
  },
  name: {
    en: 'The target’s name is not one of the public internet, or is this service’s own.',
    fr: 'Le nom de la cible n’est pas public, ou est celui de ce service.',
  },
  address: {
    en: 'The target’s address is not one of the public internet: it is local, private or reserved.',
    fr: 'L’adresse de la cible n’est pas publique : elle est locale, privée ou réservée.',
  },
}
