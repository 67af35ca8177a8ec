import type { RouteOptions } from 'fastify'
import { hasCodes, shapeOf } from './answers.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Headers that a successful answer of the route may have, beside those that every route like it has. */
    sends?: readonly ('age' | 'etag' | 'content-disposition')[]
  }
}

const wholeNumber = () => ({ type: 'integer', minimum: 0 })

/** Every header of answers that the document describes. */
export const answerHeaders = {
  'x-request-id': {
    description: 'Quote it when you report a problem.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  'ratelimit-limit': {
    description:
      'Requests that you may make in a minute. Left out, like the next two, where the operator sets no limit.',
    schema: wholeNumber(),
  },
  'ratelimit-remaining': { description: 'How many of them are left.', schema: wholeNumber() },
  'ratelimit-reset': { description: 'Seconds until the minute is over.', schema: wholeNumber() },
  'retry-after': { description: 'Wait so many seconds before you try again.', required: true, schema: wholeNumber() },
  'idempotency-replayed': {
    description: '`true` if this key had been answered before: this is that answer.',
    schema: { type: 'string', const: 'true' },
  },
  'content-language': {
    description: 'The language of what is for people to read.',
    schema: { type: 'string', enum: ['en', 'fr'] },
  },
  'www-authenticate': { description: 'How to authenticate (RFC 6750, RFC 7617).', schema: { type: 'string' } },
  age: {
    description: 'So many seconds old the answer may be at most, where it was read from a replica (RFC 9111).',
    schema: wholeNumber(),
  },
  etag: {
    description: 'The version of the answer: send it as If-None-Match (RFC 9110).',
    schema: { type: 'string' },
  },
  'content-disposition': { description: 'A name for the file (RFC 6266).', schema: { type: 'string' } },
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
    'x-request-id',
    ...(isCounted || status === 429 ? (['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'] as const) : []),
    ...(isPutOff ? (['retry-after'] as const) : []),
    ...(hasCodes(answer) ? (['content-language'] as const) : []),
    ...(status === 401 || (status === 403 && config?.policy !== 'public') ? (['www-authenticate'] as const) : []),
    ...(status < 300 && isKeyed ? (['idempotency-replayed'] as const) : []),
    ...(status < 400 ? (config?.sends ?? []) : []),
  ]
}
