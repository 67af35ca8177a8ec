import jwt, { type TokenOrHeader } from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Database } from '../db/database.ts'
import { professionalId } from '../domain/identifiers.ts'
import { Problem } from '../domain/problems.ts'
import { isProfessionalSuspended, suspendedPharmacies } from '../store/suspensions.ts'
import { type Caller, claims } from './caller.ts'
import { AUDIENCE, ISSUER, type SigningKey } from './keys.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
}

/**
 * Verifies the bearer token of every route that is not public, its role against the route's policy, and that the caller
 * is not suspended. Keys of other issuers find their place in `keyOf`.
 */
export async function authenticate(
  app: FastifyInstance,
  { db, key }: { db: Database; key: SigningKey },
): Promise<void> {
  const keyOf = async (_request: FastifyRequest, token: TokenOrHeader): Promise<string> => {
    if (!('header' in token) || token.header.kid !== key.id) throw new Error('unknown key')
    return key.publicPem
  }
  await app.register(jwt, {
    secret: keyOf,
    decode: { complete: true },
    verify: {
      algorithms: ['ES256'],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      // The allowed issuer and audience are compared only where the token names one.
      requiredClaims: ['iss', 'aud', 'exp', 'sub'],
      cache: 10_000,
    },
  })
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request) => {
    const { policy } = request.routeOptions.config
    if (request.is404 || policy === 'public') return
    const caller = await verified(request)
    if (policy === undefined || !policy.includes(caller.role)) {
      throw new Problem('forbidden', `A token with the role ${caller.role} may not do this.`)
    }
    await refuseSuspended(db, caller)
    request.caller = caller
  })
}

async function verified(request: FastifyRequest): Promise<Caller> {
  const payload = await request.jwtVerify().catch(() => undefined)
  const parsed = claims.safeParse(payload)
  if (!parsed.success) {
    throw new Problem('unauthenticated', 'A valid bearer token is required: Authorization: Bearer <token>.')
  }
  const { iss, sub, ...rest } = parsed.data
  const subject = rest.role === 'professional' ? (professionalId(sub) ?? sub) : sub
  return { ...rest, issuer: iss, subject, suspended: [] }
}

async function refuseSuspended(db: Database, caller: Caller): Promise<void> {
  if (caller.role === 'professional' && (await isProfessionalSuspended(db.orm, caller.subject))) {
    throw new Problem('professional_suspended', 'Your account is suspended. Ask the operator of the service.', {
      status: 403,
    })
  }
  if (caller.role !== 'pharmacy') return
  caller.suspended = await suspendedPharmacies(db.orm, caller.finess)
  if (caller.suspended.length === caller.finess.length) {
    throw new Problem('pharmacy_suspended', 'This pharmacy is suspended. Ask the operator of the service.')
  }
}
