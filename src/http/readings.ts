import type { FastifyRequest } from 'fastify'
import type { Reading } from '../store/accesses.ts'
import { operatorOf } from './effects.ts'

/**
 * A request's reading of other people's data, for the access record; undefined for professionals, who read their own.
 */
export function readingOf(request: FastifyRequest, kind: Reading['kind']): Reading | undefined {
  const { caller } = request
  if (caller.role === 'professional') return undefined
  const [only, ...others] = caller.finess
  const operator = operatorOf(request)
  return { kind, reader: caller, ...(others.length === 0 && { pharmacy: only }), operator }
}
