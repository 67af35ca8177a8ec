import type { EventReader, FoundEvents } from '../../store/events.ts'
import type { LogWatch } from './watch-log.ts'

const SPEAK_EVERY_MS = 15_000

/** What a follower reads with. */
export interface Following {
  watch: LogWatch
  /** Who it is by now. Throws if it may no longer follow. */
  reader(): Promise<EventReader>
  read(reader: EventReader, after: number): Promise<FoundEvents>
  /** Aborted when nobody reads any more, or the service stops. */
  gone: AbortSignal
  /** How long somebody who may no longer read is connected at most. */
  checkEveryMs: number
}

/**
 * The text of a stream of events (HTML, «Server-sent events») after a place in the log, and a comment every 15 s. A
 * page is read when the one before has been taken, with the rights that the reader has then. Ends with its rights, or
 * when events that it has yet to read are forgotten.
 */
export async function* follow(
  { watch, reader, read, gone, checkEveryMs }: Following,
  after: number,
): AsyncGenerator<string> {
  yield 'retry: 1000\n\n'
  let spokeAt = performance.now()
  for (let place = after, isNew = true; !gone.aborted; ) {
    const by = await reader()
    if (isNew) {
      const from = place
      const page = await watch.inTurn(() => read(by, from))
      if (place < page.gone) return
      place = page.place
      if (page.found.length > 0) {
        yield page.found.map(({ event }) => frame(event)).join('')
        spokeAt = performance.now()
      }
      if (page.more) continue
    }
    const quietMs = performance.now() - spokeAt
    if (quietMs >= SPEAK_EVERY_MS) {
      yield ': \n\n'
      spokeAt = performance.now()
    }
    isNew = await watch.grows(place, Math.min(checkEveryMs, Math.max(SPEAK_EVERY_MS - quietMs, 0)), gone)
  }
}

function frame(event: FoundEvents['found'][number]['event']): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
