import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { stringify } from 'safe-stable-stringify'
import type { Text } from '../domain/language.ts'
import { invalid } from '../domain/refusals.ts'
import type { IdempotencyKey } from '../store/idempotency.ts'
import type { Caller } from './caller.ts'
import { required } from './complaint.ts'
import { Problem } from './problem.ts'

/** What keys and operators' pseudonyms are written in. */
export const VISIBLE_ASCII = /^[\x21-\x7e]+$/

const keyMissing: Text = {
  en: 'Send an Idempotency-Key header, new for each new request and the same on a retry.',
  fr: 'Envoyez un en-tête Idempotency-Key, nouveau pour chaque nouvelle requête et le même en cas de nouvel essai.',
}

/**
 * The Idempotency-Key of a request, if it has one, within the scope of its caller and the pharmacy that it acts for.
 */
export function keyOf(
  request: FastifyRequest,
  { pharmacy, keyRequired }: { pharmacy?: string; keyRequired?: boolean },
): IdempotencyKey | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) {
    if (!keyRequired) return undefined
    throw new Problem('idempotency_key_missing', keyMissing, {
      errors: [{ path: 'Idempotency-Key', message: required }],
    })
  }
  if (typeof key !== 'string' || key.length > 255 || !VISIBLE_ASCII.test(key)) {
    throw invalid('Idempotency-Key', {
      en: 'must be 1 to 255 visible ASCII characters',
      fr: 'doit compter de 1 à 255 caractères ASCII visibles',
    })
  }
  return { scope: scopeOf(request.caller, pharmacy), key, requestHash: hashOf(request) }
}

// The pharmacy is always part of it: how many a caller acts for may change, and a retry must still find its key.
function scopeOf({ issuer, role, subject }: Caller, pharmacy: string | undefined): string {
  const parts = [issuer, role, subject]
  if (role === 'pharmacy' && pharmacy !== undefined) parts.push(pharmacy)
  return parts.join('\n')
}

// The validated body with its keys sorted, so that a retry with the same members in another order is the same request.
// A national number can be guessed from its hash, so an erasure leaves only the half without it.
function hashOf({ method, routeOptions, params, body = null }: FastifyRequest): Buffer {
  const { professional: _, ...unnamed } = { ...(body as { professional?: string } | null) }
  const hashes = [unnamed, body].map((each) =>
    createHash('sha256')
      .update(stringify([`${method} ${routeOptions.url}`, params, each]) ?? '')
      .digest(),
  )
  return Buffer.concat(hashes)
}
