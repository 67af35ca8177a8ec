import jwt, { type TokenOrHeader } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../domain/problems.ts'
import type { Standing } from '../store/standing.ts'
import type { Caller } from './caller.ts'
import type { Issuer, VerifiedToken } from './issuers/issuer.ts'
import { requireAllowed } from './policy.ts'
import type { Standings } from './standings.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyContextConfig {
    /** A write that may change who is suspended or what a client may: the next request here sees it. */
    changesStanding?: boolean
  }
}

/**
 * Verifies the bearer token of every route that is not public, its role and scopes against the route's policy, and that
 * the caller is not suspended.
 */
export async function authenticate(
  app: FastifyInstance,
  { issuers, standings }: { issuers: readonly Issuer[]; standings: Standings },
): Promise<void> {
  const byName = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
  await registerJwt(app, byName)
  app.decorateRequest('caller')
  app.addHook('onRequest', async function authorise(request) {
    const { policy } = request.routeOptions.config
    if (request.is404 || policy === 'public') return
    const { issuer, token } = await verified(request, byName)
    const standing = await standings.current()
    const caller = await issuer.callerOf(token, standing)
    if (!caller) throw unauthenticated('claims')
    requireAllowed(policy, caller)
    refuseSuspended(caller, standing)
    request.caller = caller
  })
  app.addHook('onSend', async function renewStanding(request) {
    if (request.routeOptions.config.changesStanding) standings.expire()
  })
}

async function registerJwt(app: FastifyInstance, byName: ReadonlyMap<string, Issuer>): Promise<void> {
  const keyOf = async (_request: FastifyRequest, token: TokenOrHeader): Promise<string> => {
    const issuer = 'header' in token ? byName.get(token.payload.iss) : undefined
    if (!issuer) throw new Error('unknown issuer')
    if (!(issuer.algorithms as readonly string[]).includes(token.header.alg)) throw new Error('algorithm not allowed')
    return issuer.keyOf(token.header)
  }
  const issuers = [...byName.values()]
  await app.register(jwt, {
    secret: keyOf,
    decode: { complete: true },
    verify: {
      algorithms: [...new Set(issuers.flatMap(({ algorithms }) => algorithms))],
      allowedIss: issuers.map(({ issuer }) => issuer),
      allowedAud: issuers.map(({ audience }) => audience),
      // The allowed issuer and audience are compared only where the token names one.
      requiredClaims: ['iss', 'aud', 'exp', 'sub'],
      cache: 10_000,
    },
  })
}

async function verified(
  request: FastifyRequest,
  byName: ReadonlyMap<string, Issuer>,
): Promise<{ issuer: Issuer; token: VerifiedToken }> {
  const payload = await request.jwtVerify<Record<string, unknown>>().catch((error: { code?: string }) => {
    throw error instanceof Problem ? error : unauthenticated(error.code)
  })
  const issuer = byName.get(String(payload.iss))
  if (!issuer || ![payload.aud].flat().includes(issuer.audience)) throw unauthenticated('audience')
  return { issuer, token: { payload, raw: request.headers.authorization?.slice('Bearer '.length) ?? '' } }
}

function unauthenticated(reason = 'token'): Problem {
  return new Problem('unauthenticated', 'A valid bearer token is required: Authorization: Bearer <token>.', { reason })
}

function refuseSuspended(caller: Caller, standing: Standing): void {
  if (caller.client?.suspended) {
    throw new Problem('forbidden', 'This client is suspended. Ask the operator of the service.')
  }
  if (caller.role === 'professional' && standing.professionals.has(caller.subject)) {
    throw new Problem('professional_suspended', 'Your account is suspended. Ask the operator of the service.', {
      status: 403,
    })
  }
  if (caller.role !== 'pharmacy') return
  // A client may act for thousands: of these it was found out when the standing was read.
  if (!caller.client) caller.suspended = caller.finess.filter((finess) => standing.pharmacies.has(finess))
  if (caller.suspended.length > 0 && caller.suspended.length === caller.finess.length) {
    throw new Problem('pharmacy_suspended', 'This pharmacy is suspended. Ask the operator of the service.')
  }
}
