import type { FastifyReply } from 'fastify'
import type { NewSecret } from './secret.ts'

/** An answer with its secret, unless it is answered again. Put in after the answer was stored: no secret lies among the keys. */
export function shownOnce<T extends object>(
  reply: FastifyReply,
  answer: T,
  secret: NewSecret | undefined,
): T & { secret?: string } {
  if (!secret || reply.hasHeader('idempotency-replayed')) return answer
  return { ...answer, secret: secret.text }
}
