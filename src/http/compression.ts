import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { varyBy } from './language.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers hold a secret beside text of others, who could guess it by how well the two compress together. */
    holdsSecrets?: true
    /** The answer is the same as long as the process runs. */
    isFixed?: true
  }
}

const SMALLEST_BYTES = 1_024
// Pages are smaller. What is larger would keep a thread busy for longer than it saves, each time that somebody asks.
const LARGEST_BYTES = 512 * 1_024
// Of the four threads that files and names are looked up with too.
const MOST_AT_ONCE = 2

const compress = promisify(gzip)

/**
 * Compresses what is read, where asked for and large enough. What streams is sent as it is, since it must end with its
 * reader, and so is whatever comes while enough is being compressed already: nobody waits for it, and no number of
 * requests takes more than two threads or keeps anything in memory.
 */
export function compressAnswers(app: FastifyInstance): void {
  const fixed = new Map<string, Buffer>()
  let underWay = 0
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, isFixed: true }
  })
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (!isCompressible(request, reply, payload)) return payload
    varyBy(reply, 'Accept-Encoding')
    const isWanted = new Negotiator(request).encodings(['gzip', 'identity'])[0] === 'gzip'
    const { isFixed } = request.routeOptions.config
    const known = isFixed && fixed.get(request.url)
    if (!isWanted || (!known && underWay >= MOST_AT_ONCE)) return payload
    underWay++
    try {
      const small = known || (await compress(payload, { level: isFixed ? 9 : 1 }))
      if (isFixed && !known && request.url === request.routeOptions.url) fixed.set(request.url, small)
      reply.header('content-encoding', 'gzip').removeHeader('content-length')
      return small
    } finally {
      underWay--
    }
  })
}

function isCompressible(
  { method, routeOptions: { config } }: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): payload is string | Buffer {
  if (method !== 'GET' || reply.statusCode !== 200 || config.holdsSecrets) return false
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return false
  if (reply.hasHeader('content-encoding')) return false
  const { length } = payload
  return length >= SMALLEST_BYTES && (length <= LARGEST_BYTES || config.isFixed === true)
}
