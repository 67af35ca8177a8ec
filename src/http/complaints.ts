import type { FastifyBaseLogger } from 'fastify'
import { Problem } from './problem.ts'

const EVERY_MS = 1_000
let writtenAt = Number.NEGATIVE_INFINITY
let passedOver = 0

/**
 * Logs an error that is our fault. While the service is overloaded or without its database each request fails alike:
 * then a line a second says so, how many went before it, and the error itself if it was not load alone.
 */
export function complain(log: FastifyBaseLogger, error: unknown, { code, status, message }: Problem): void {
  if (status < 500) return
  if (code !== 'unavailable') {
    log.error({ err: error, code }, 'request failed')
  } else if (performance.now() - writtenAt < EVERY_MS) {
    passedOver++
  } else {
    log.error(
      { ...(error instanceof Problem ? { reason: message } : { err: error }), code, passedOver },
      'request failed',
    )
    writtenAt = performance.now()
    passedOver = 0
  }
}
