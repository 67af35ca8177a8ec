import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** An event as a stream tells it. */
interface Told {
  id: string
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as callers do.
  data: any
}

/** A stream of events that is being read. */
export interface Stream {
  status: number
  /** What has come until now. */
  told: Told[]
  comments: number
  /** Once the server has ended it, or it was left. */
  ended: Promise<void>
  leave(): void
}

/** Follows events over the network, from behind the last one that is said. */
export async function followEvents(
  base: string,
  token: string,
  { query = '', last }: { query?: string; last?: string | undefined } = {},
): Promise<Stream> {
  // A connection of its own: one that `fetch` opens ahead and does not use keeps a server from stopping for seconds.
  const request = get(`${base}/v1/events${query}`, {
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      ...(last !== undefined && { 'last-event-id': last }),
    },
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  request.on('error', () => {}) // Left.
  const stream: Stream = {
    status: response.statusCode ?? 0,
    told: [],
    comments: 0,
    ended: read(),
    leave: () => request.destroy(),
  }
  async function read(): Promise<void> {
    await pause(0) // Until `stream` is there.
    let text = ''
    try {
      for await (const piece of response.setEncoding('utf8')) {
        const blocks = (text + piece).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) take(stream, block)
      }
    } catch {
      // Left, or the server has gone.
    }
  }
  return stream
}

function take(stream: Stream, block: string): void {
  if (block.startsWith(':')) stream.comments++
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  if (fields.data === undefined) return
  stream.told.push({ id: fields.id ?? '', event: fields.event ?? '', data: JSON.parse(fields.data) })
}
