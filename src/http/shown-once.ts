import type { FastifyReply } from 'fastify'

/**
 * Adds a secret to an answer, unless it is replayed. Added after the answer is stored, so no secret is stored with it.
 */
export function shownOnce<T extends object>(
  reply: FastifyReply,
  answer: T,
  secret: string | undefined,
): T & { secret?: string } {
  if (secret === undefined || reply.hasHeader('idempotency-replayed')) return answer
  return { ...answer, secret }
}
