import type { RouteOptions } from 'fastify'
import { hasCodes, shapeOf } from './answers.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Headers that a successful answer of the route may have, beside those that every route like it has. */
    sends?: readonly ('Age' | 'ETag' | 'Content-Disposition' | 'Content-Language')[]
  }
}

const wholeNumber = () => ({ type: 'integer', minimum: 0 })

/** Every header of answers that the document describes, in the letters of its standard. */
export const answerHeaders = {
  'X-Request-Id': {
    description: 'Quote it when you report a problem.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  'RateLimit-Limit': {
    description:
      'Requests that you may make in a minute. Left out, like the next two, where the operator sets no limit.',
    schema: wholeNumber(),
  },
  'RateLimit-Remaining': { description: 'How many of them are left.', schema: wholeNumber() },
  'RateLimit-Reset': { description: 'Seconds until the minute is over.', schema: wholeNumber() },
  'Retry-After': { description: 'Wait so many seconds before you try again.', required: true, schema: wholeNumber() },
  'Idempotency-Replayed': {
    description: '`true` if this key had been answered before: this is that answer.',
    schema: { type: 'string', const: 'true' },
  },
  'Content-Language': {
    description: 'The language of what is for people to read.',
    schema: { type: 'string', enum: ['en', 'fr'] },
  },
  'WWW-Authenticate': { description: 'How to authenticate (RFC 6750, RFC 7617).', schema: { type: 'string' } },
  Age: {
    description: 'So many seconds old the answer may be at most, where it was read from a replica (RFC 9111).',
    schema: wholeNumber(),
  },
  ETag: {
    description: 'The version of the answer: send it as If-None-Match (RFC 9110).',
    schema: { type: 'string' },
  },
  'Content-Disposition': { description: 'A name for the file (RFC 6266).', schema: { type: 'string' } },
}

export type AnswerHeader = keyof typeof answerHeaders

/** The names of the headers that an answer of this status may have. */
export function headersOf({ schema, config }: RouteOptions, status: number): AnswerHeader[] {
  const isKeyed = 'idempotency-key' in shapeOf(schema?.headers)
  const answer = ((schema?.response ?? {}) as Record<number, unknown>)[status]
  const isLimited = config?.rateLimit !== false && config?.limits !== 'token'
  // Who calls is found out before anything is counted, and a URL is measured before that.
  const isCounted = isLimited && status !== 401 && status !== 414
  const isPutOff = status === 429 || status === 503
  return [
    'X-Request-Id',
    ...(isCounted || status === 429 ? (['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const) : []),
    ...(isPutOff ? (['Retry-After'] as const) : []),
    ...(hasCodes(answer) ? (['Content-Language'] as const) : []),
    ...(status === 401 || (status === 403 && config?.policy !== 'public') ? (['WWW-Authenticate'] as const) : []),
    ...(status < 300 && isKeyed ? (['Idempotency-Replayed'] as const) : []),
    ...(status < 400 ? (config?.sends ?? []) : []),
  ]
}
