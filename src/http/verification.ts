import jwt, { type TokenOrHeader } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Instant } from '../domain/instant.ts'
import type { Text } from '../domain/language.ts'
import type { Issuer, TokenHeader, VerifiedToken } from './issuers/issuer.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The key that the bearer token claims to be signed with, once it has been looked up. */
    signedWith: { header: TokenHeader; key: string } | undefined
  }
}

/** A token whose signature, issuer and audience are right, with the issuer that knows its bearer. */
export interface Verified {
  issuer: Issuer
  token: VerifiedToken
}

interface Kept extends Verified {
  header: TokenHeader
  key: string
}

const MOST_TOKENS = 10_000
const LEEWAY_SECONDS = 30 // Clocks of issuers run ahead of ours.

/**
 * Makes the function that verifies a request's bearer token, its times apart. It throws 401, or the Problem of an
 * issuer's keys.
 */
export async function tokenVerifier(
  app: FastifyInstance,
  issuers: readonly Issuer[],
): Promise<(request: FastifyRequest) => Promise<Verified>> {
  const byName = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
  await registerJwt(app, byName)
  const kept = new LRUCache<string, Kept>({ max: MOST_TOKENS })
  return async (request) => {
    const { authorization = '' } = request.headers
    const known = kept.get(authorization)
    if (known && (await isGood(known))) return known
    const { issuer, payload } = await verify(request, byName)
    const token = { payload, raw: authorization.slice('Bearer '.length) }
    if (request.signedWith) kept.set(authorization, { issuer, token, ...request.signedWith })
    return { issuer, token }
  }
}

// Once verified, a token is good as long as its issuer has its key: decoding and verifying it again would cost 0.1 ms.
async function isGood({ issuer, header, key }: Kept): Promise<boolean> {
  return (await issuer.keyOf(header).catch(() => undefined)) === key
}

async function registerJwt(app: FastifyInstance, byName: ReadonlyMap<string, Issuer>): Promise<void> {
  const keyOf = async (request: FastifyRequest, token: TokenOrHeader): Promise<string> => {
    const issuer = 'header' in token ? byName.get(token.payload.iss) : undefined
    if (!issuer) throw new Error('unknown issuer')
    const { header } = token
    if (!(issuer.algorithms as readonly string[]).includes(header.alg)) throw new Error('algorithm not allowed')
    const key = await issuer.keyOf(header)
    request.signedWith = { header, key }
    return key
  }
  const issuers = [...byName.values()]
  app.decorateRequest('signedWith')
  await app.register(jwt, {
    secret: keyOf,
    decode: { complete: true },
    verify: {
      algorithms: [...new Set(issuers.flatMap(({ algorithms }) => algorithms))],
      allowedIss: issuers.map(({ issuer }) => issuer),
      allowedAud: issuers.flatMap(({ audience }) => audience),
      // By the program's clock, which may be days off.
      ignoreExpiration: true,
      ignoreNotBefore: true,
      // The library compares issuer and audience only if the token names one.
      requiredClaims: ['iss', 'aud', 'exp', 'sub'],
    },
  })
}

async function verify(
  request: FastifyRequest,
  byName: ReadonlyMap<string, Issuer>,
): Promise<{ issuer: Issuer; payload: Record<string, unknown> }> {
  const payload = await request.jwtVerify<Record<string, unknown>>().catch((error: { code?: string }) => {
    throw error instanceof Problem ? error : unauthenticated(error.code)
  })
  const issuer = byName.get(String(payload.iss))
  if (!issuer?.audience.some((each) => [payload.aud].flat().includes(each))) throw unauthenticated('audience')
  if (!(request.signedWith && issuer.isForUs(request.signedWith.header, payload))) throw unauthenticated('kind')
  return { issuer, payload }
}

/** Throws 401 for a token before its time, or after it, by this clock. A token never outlives what it says. */
export function requireInTime({ payload: { exp, nbf = 0 } }: VerifiedToken, now: Instant): void {
  const seconds = now / 1000
  if (!(typeof exp === 'number' && seconds < exp)) throw unauthenticated('expired')
  if (!(typeof nbf === 'number' && nbf <= seconds + LEEWAY_SECONDS)) throw unauthenticated('not yet valid')
}

const bearerRequired: Text = {
  en: 'A valid bearer token is required: Authorization: Bearer <token>.',
  fr: 'Un jeton porteur valide est requis : Authorization: Bearer <token>.',
}

/** A 401; the reason is for the log. */
export function unauthenticated(reason = 'token'): Problem {
  return new Problem('unauthenticated', bearerRequired, { reason })
}
