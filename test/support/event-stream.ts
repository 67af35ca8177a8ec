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
  const leaving = new AbortController()
  const response = await fetch(`${base}/v1/events${query}`, {
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      ...(last !== undefined && { 'last-event-id': last }),
    },
    signal: leaving.signal,
  })
  const stream: Stream = {
    status: response.status,
    told: [],
    comments: 0,
    ended: read(),
    leave: () => leaving.abort(),
  }
  async function read(): Promise<void> {
    await pause(0) // Until `stream` is there.
    let text = ''
    try {
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
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
