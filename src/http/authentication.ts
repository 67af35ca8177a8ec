import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DatabaseClock } from '../db/followed-clock.ts'
import { accountSuspended, pharmacySuspended } from '../domain/suspended.ts'
import type { Standing } from '../store/standing.ts'
import type { Caller } from './caller.ts'
import type { Issuer } from './issuers/issuer.ts'
import { type RolePolicy, requireAllowed } from './policy.ts'
import { Problem } from './problem.ts'
import type { Standings } from './standings.ts'
import { requireInTime, tokenVerifier, unauthenticated } from './verification.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyInstance {
    /**
     * Who calls, by the token of a request and what it stands for now. Throws what the request would be answered that
     * came now.
     */
    callerNow(request: FastifyRequest): Promise<Caller>
  }
  interface FastifyContextConfig {
    /** A write that may change who is suspended or what a client may do: the next request to this process sees it. */
    changesStanding?: boolean
    /** A write that the journal of administration keeps, by whoever may do it. */
    isAdministration?: boolean
  }
}

/**
 * On every route that is not public, verifies the bearer token, checks its role and scopes against the route's policy,
 * and refuses suspended callers.
 */
export async function authenticate(
  app: FastifyInstance,
  { issuers, standings, clock }: { issuers: readonly Issuer[]; standings: Standings; clock: DatabaseClock },
): Promise<void> {
  const verified = await tokenVerifier(app, issuers)
  app.decorateRequest('caller')
  const callerNow = async (request: FastifyRequest): Promise<Caller> => {
    const { issuer, token } = await verified(request)
    const standing = await standings.current() // Which has read the clock too.
    requireInTime(token, clock.now())
    const caller = await issuer.callerOf(token, standing)
    if (!caller) throw unauthenticated('claims')
    requireAllowed(request.routeOptions.config.policy as RolePolicy | undefined, caller)
    refuseSuspended(caller, standing)
    return caller
  }
  app.decorate('callerNow', callerNow)
  app.addHook('onRequest', async function authorise(request) {
    if (request.is404 || request.routeOptions.config.policy === 'public') return
    request.caller = await callerNow(request)
  })
  app.addHook('onSend', async function renewStanding(request, reply) {
    // Nothing was changed by whoever was not let in, or made a mistake; what failed may have been done.
    const isRefused = request.caller === undefined || (reply.statusCode >= 400 && reply.statusCode < 500)
    if (request.routeOptions.config.changesStanding && !isRefused) standings.expire()
  })
}

function refuseSuspended(caller: Caller, standing: Standing): void {
  if (caller.client?.suspended) {
    throw new Problem('forbidden', {
      en: 'This client is suspended. Ask the operator of the service.',
      fr: 'Ce client est suspendu. Adressez-vous à l’exploitant du service.',
    })
  }
  if (caller.role === 'professional' && standing.professionals.has(caller.subject)) {
    throw new Problem('professional_suspended', accountSuspended, { status: 403 })
  }
  if (caller.role !== 'pharmacy') return
  // A client may act for thousands of pharmacies; which of them are suspended was determined when the standing was
  // read.
  if (!caller.client) caller.suspended = caller.finess.filter((finess) => standing.pharmacies.has(finess))
  if (caller.suspended.length > 0 && caller.suspended.length === caller.finess.length) {
    throw new Problem('pharmacy_suspended', pharmacySuspended)
  }
}
