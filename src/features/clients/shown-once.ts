import type { FastifyReply } from 'fastify'
import type { NewSecret } from './secret.ts'

/**
 * Adds the secret to an answer, unless it is replayed. Added after the answer is stored, so no secret is stored with
 * it.
 */
export function shownOnce<T extends object>(
  reply: FastifyReply,
  answer: T,
  secret: NewSecret | undefined,
): T & { secret?: string } {
  if (!secret || reply.hasHeader('idempotency-replayed')) return answer
  return { ...answer, secret: secret.text }
}
