import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { stringify } from 'safe-stable-stringify'
import { z } from 'zod'
import type { Text } from '../domain/language.ts'
import { invalid } from '../domain/refusals.ts'
import type { IdempotencyKey } from '../store/idempotency.ts'
import type { Caller } from './caller.ts'
import { required, saying } from './complaint.ts'
import { Problem } from './problem.ts'

/** What keys and operators' pseudonyms are written in. */
export const VISIBLE_ASCII = /^[\x21-\x7e]+$/

export const LONGEST_KEY = 255

/** Text of so many characters, as keys are written. */
export const visibleText = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(
      VISIBLE_ASCII,
      saying({ en: 'must be visible ASCII characters', fr: 'doit être en caractères ASCII visibles' }),
    )

/** What is said of a text that is no key. */
const notAKey: Text = {
  en: 'must be 1 to 255 visible ASCII characters',
  fr: 'doit compter de 1 à 255 caractères ASCII visibles',
}

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
  if (typeof key !== 'string' || key.length > LONGEST_KEY || !VISIBLE_ASCII.test(key)) {
    throw invalid('Idempotency-Key', notAKey)
  }
  const { method, routeOptions, params, body } = request
  return keyOfCall(request.caller, pharmacy, key, { method, url: routeOptions.url ?? '', params, body })
}

/** A call, as its key tells whether it is the same as another. */
export interface Call {
  method: string
  /** The route's pattern. */
  url: string
  params: unknown
  /** As validated. */
  body: unknown
}

/** A key in the scope of a caller and the pharmacy that it acts for, with what tells its call from others. */
export function keyOfCall(caller: Caller, pharmacy: string | undefined, key: string, call: Call): IdempotencyKey {
  const { dispensedAt, ...timeless } = { ...(call.body as { dispensedAt?: number } | null) }
  const scoped = { scope: scopeOf(caller, pharmacy), key }
  if (dispensedAt === undefined) return { ...scoped, requestHash: hashOf(call) }
  return { ...scoped, requestHash: hashOf({ ...call, body: timeless }), formerHash: hashOf(call) }
}

/** The pharmacy is always part of it: how many a caller acts for may change, and a retry must still find its key. */
export function scopeOf({ issuer, role, subject }: Caller, pharmacy: string | undefined): string {
  const parts = [issuer, role, subject]
  if (role === 'pharmacy' && pharmacy !== undefined) parts.push(pharmacy)
  return parts.join('\n')
}

// The validated body with its keys sorted, so that a retry with the same members in another order is the same request.
// A national number can be guessed from its hash, so an erasure leaves only the half without it.
function hashOf({ method, url, params, body }: Call): Buffer {
  const { professional: _, ...unnamed } = { ...(body as { professional?: string } | null) }
  const hashes = [unnamed, body ?? null].map((each) =>
    createHash('sha256')
      .update(stringify([`${method} ${url}`, params, each]) ?? '')
      .digest(),
  )
  return Buffer.concat(hashes)
}
