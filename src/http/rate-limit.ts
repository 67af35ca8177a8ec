import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../domain/problems.ts'

/** Limits the requests a minute of each caller, or of each address where there is no token. 0 is no limit. */
export async function limitRate(app: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    hook: 'preParsing', // After the token is verified, before the body is read.
    keyGenerator: ({ caller, ip }) => (caller ? `${caller.issuer}\n${caller.role}\n${caller.subject}` : ip),
    errorResponseBuilder: (_request, { after }) =>
      new Problem('rate_limited', `Too many requests. Try again in ${after}.`),
  })
}
