import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Rejection } from '../../domain/refusals.ts'
import { cutWhenStalled } from './cut-when-stalled.ts'

const MOST_EXPORTS = 2 // Each occupies a connection and a core of the database while it lasts.
const STALLED_MS = 60_000

/** The exports of this process. */
export interface Exports {
  /** Starts an export, which counts until its stream ends. Throws `unavailable` if there are too many. */
  run(start: () => Promise<Readable>): Promise<Readable>
}

/** Limits how many exports run at a time. When the service stops they are cut off, since they may have long to go. */
export function limitExports(app: FastifyInstance): Exports {
  const streams = new Set<Readable>()
  let starting = 0
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.destroy(new Error('the service is stopping'))
  })
  return {
    async run(start) {
      if (starting + streams.size >= MOST_EXPORTS) {
        throw new Rejection('unavailable', `${MOST_EXPORTS} exports are under way. Nothing was done; try again later.`)
      }
      starting++
      try {
        const stream = cutWhenStalled(await start(), STALLED_MS)
        streams.add(stream)
        stream.once('close', () => streams.delete(stream))
        return stream
      } finally {
        starting--
      }
    },
  }
}
