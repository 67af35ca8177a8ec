import type { paths } from './api.ts'
import type { GomaskClient } from './client.ts'

type Page = paths['/v1/events']['get']['responses'][200]['content']['application/json']

/** Which events are followed, and from where. */
export interface Following {
  /** A `nextCursor`, an event's id, or `latest`; from the oldest that is kept, if left out. */
  after?: string
  /** Only these types, separated by commas. */
  type?: string
  /** Only events at this pharmacy. */
  pharmacy?: string
  /** How long to wait after a page that is not full, in milliseconds; 5,000 unless said. */
  pauseMs?: number
  /** Ends it. */
  signal?: AbortSignal
}

/** They cannot be followed from there: `problem.code` is `events_gone` where the next ones are no longer kept. */
export class EventsRefused extends Error {
  readonly problem: { code: string; detail: string }

  constructor(problem: { code: string; detail: string }) {
    super(problem.detail)
    this.problem = problem
  }
}

const LIMIT = 100
const PAUSE_MS = 5_000

/**
 * Yields page after page of events as they happen, each event at least once. Keep a page's `nextCursor` together with
 * what was done about it, and follow on from there after a restart.
 */
export async function* followEvents(client: GomaskClient, following: Following = {}): AsyncGenerator<Page> {
  const { pauseMs = PAUSE_MS, signal, ...query } = following
  let after = query.after
  while (!signal?.aborted) {
    const asked = { ...query, ...(after !== undefined && { after }), limit: LIMIT }
    const { data, error } = await client.GET('/v1/events', {
      params: { query: asked },
      ...(signal && { signal }),
    })
    if (error) throw new EventsRefused(error)
    if (data.items.length > 0) yield data
    after = data.nextCursor
    if (data.items.length < LIMIT) await pause(pauseMs, signal)
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
