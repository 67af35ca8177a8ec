import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/problems.ts'
import { cutWhenStalled } from '../../http/streams.ts'

const MOST_EXPORTS = 2 // Each takes a connection and a core of the database for as long as it lasts.
const STALLED_MS = 60_000

/** The exports under way in this process. */
export interface Exports {
  /** Makes room for one and starts it; the room is free again when its stream ends. Throws 503 where there is none. */
  run(start: () => Promise<Readable>): Promise<Readable>
}

/** Lets so many exports run at a time. When the service stops they are cut off: no end of theirs is near. */
export function limitExports(app: FastifyInstance): Exports {
  const open = new Set<symbol>()
  const streams = new Set<Readable>()
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.destroy(new Error('the service is stopping'))
  })
  return {
    async run(start) {
      if (open.size >= MOST_EXPORTS) {
        throw new Problem('unavailable', `${MOST_EXPORTS} exports are under way. Nothing was done; try again later.`)
      }
      const place = Symbol()
      open.add(place)
      try {
        const stream = cutWhenStalled(await start(), STALLED_MS)
        streams.add(stream)
        stream.once('close', () => {
          open.delete(place)
          streams.delete(stream)
        })
        return stream
      } catch (error) {
        open.delete(place)
        throw error
      }
    },
  }
}
