import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { phrase, type Text } from '../domain/language.ts'
import { Rejection } from '../domain/refusals.ts'
import { whoOf } from './caller.ts'
import { cutSlowReaders } from './cut-slow-readers.ts'
import { Problem } from './problem.ts'
import { countShares } from './shares.ts'

// Each occupies a connection and a core of the database while it lasts.
const MOST_EXPORTS = 2
const MOST_OF_ONE = 1
// They read page by page and keep no connection, but each may take as long as its slowest reader.
const MOST_OWN = 20

/** Starts what streams until its reader goes: `gone` is aborted then. */
type Export = (
  request: FastifyRequest,
  reply: FastifyReply,
  start: (gone: AbortSignal) => Promise<Readable>,
) => Promise<Readable>

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Starts an export, which counts until its stream ends, and ends with its reader. Throws `unavailable` if there are
     * too many in this process, and 429 if the caller has one.
     */
    export: Export
    /** The same for what callers download of their own data, which is counted apart: no audit keeps them from it. */
    exportOwn: Export
  }
}

/** Limits how many exports run at a time. When the service stops they are cut off, since they may have long to go. */
export function limitExports(app: FastifyInstance): void {
  const underWay = new Set<AbortController>()
  app.addHook('preClose', async () => {
    for (const ending of underWay) ending.abort(stopping())
  })
  app.decorate('export', exporting(underWay, countExports(MOST_EXPORTS, { en: 'exports', fr: 'exports' })))
  app.decorate(
    'exportOwn',
    exporting(
      underWay,
      countExports(MOST_OWN, { en: 'downloads of one’s own data', fr: 'téléchargements de données personnelles' }),
    ),
  )
}

function exporting(underWay: Set<AbortController>, take: (who: string) => () => void): Export {
  return async (request, reply, start) => {
    const giveBack = take(whoOf(request))
    const ending = new AbortController()
    const { signal } = ending
    underWay.add(ending)
    const leave = () => {
      underWay.delete(ending)
      giveBack()
    }
    reply.raw.once('close', () => ending.abort(new Error('the reader has gone')))
    try {
      const source = await start(signal)
      const stream = cutSlowReaders(source)
      stream.once('close', leave)
      const end = () => stream.readableEnded || stream.destroy(signal.reason as Error)
      stream.on('error', () => {}) // Told to whoever reads, if anybody does.
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
      return stream
    } catch (error) {
      leave()
      if (!signal.aborted) throw error
      if (!reply.raw.destroyed) throw signal.reason
      return Readable.from([]).destroy() // There is nobody to tell.
    }
  }
}

const oneUnderWay: Text = {
  en: 'You have an export under way. Read it to its end or leave it, then try again.',
  fr: 'Vous avez un export en cours. Lisez-le jusqu’au bout ou abandonnez-le, puis réessayez.',
}

function countExports(most: number, what: Text): (who: string) => () => void {
  return countShares({
    ofOne: {
      most: MOST_OF_ONE,
      problem: () => new Problem('rate_limited', oneUnderWay, { retryAfterSeconds: 10 }),
    },
    inAll: {
      most,
      problem: () =>
        new Problem('unavailable', {
          en: phrase`${most} ${what} are under way. Nothing was done; try again later.`,
          fr: phrase`${most} ${what} sont en cours. Rien n’a été fait ; réessayez plus tard.`,
        }),
    },
  })
}

function stopping(): Rejection {
  return new Rejection('unavailable', {
    en: 'The service is stopping. Nothing was done; try again in a moment.',
    fr: 'Le service s’arrête. Rien n’a été fait ; réessayez dans un instant.',
  })
}
