import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { phrase } from '../domain/language.ts'
import { whoOf } from './caller.ts'
import { cutSlowReaders } from './cut-slow-readers.ts'
import { Problem } from './problem.ts'
import { countShares } from './shares.ts'

const MOST_FOLLOWERS = 200
const MOST_OF_ONE = 10

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Streams a text until its reader goes, the service stops or the text ends: `gone` is aborted in the first two
     * cases. Nothing is taken from the text before there is room for it. Throws `unavailable` if this process has too
     * many of them, and 429 if the caller has.
     */
    follow(request: FastifyRequest, reply: FastifyReply, text: (gone: AbortSignal) => AsyncIterable<string>): Readable
  }
}

/** Limits how many streams are followed at a time. When the service stops, each ends. */
export function limitFollowers(app: Pick<FastifyInstance, 'addHook' | 'decorate'>): void {
  const take = countShares({
    ofOne: {
      most: MOST_OF_ONE,
      problem: () =>
        new Problem(
          'rate_limited',
          {
            en: phrase`You follow ${MOST_OF_ONE} streams already. Close one, then try again.`,
            fr: phrase`Vous suivez déjà ${MOST_OF_ONE} flux. Fermez-en un, puis réessayez.`,
          },
          { retryAfterSeconds: 10 },
        ),
    },
    inAll: {
      most: MOST_FOLLOWERS,
      problem: () =>
        new Problem('unavailable', {
          en: phrase`${MOST_FOLLOWERS} streams are followed here. Read page by page, or try again later.`,
          fr: phrase`${MOST_FOLLOWERS} flux sont suivis ici. Lisez page par page, ou réessayez plus tard.`,
        }),
    },
  })
  const underWay = new Set<AbortController>()
  app.addHook('preClose', async () => {
    for (const ending of underWay) ending.abort()
  })
  app.decorate('follow', (request, reply, text) => {
    const giveBack = take(whoOf(request))
    const ending = new AbortController()
    underWay.add(ending)
    const source = Readable.from(untilFault(text(ending.signal), request), { objectMode: false })
    const stream = cutSlowReaders(source)
    stream.on('error', () => {}) // Told to whoever reads, if anybody does.
    reply.raw.once('close', () => {
      ending.abort()
      underWay.delete(ending)
      giveBack()
    })
    return stream
  })
}

/** Ends a text that fails: its reader comes again, and is told by the answer why it may not. */
async function* untilFault(text: AsyncIterable<string>, request: FastifyRequest): AsyncGenerator<string> {
  try {
    yield* text
  } catch (error) {
    if (!(error instanceof Problem))
      request.log.warn({ reqId: request.id, err: error }, 'a stream of events has failed')
  }
}
