/**
 * An example till: what a pharmacy's software does with the service in a day, and in an outage. Each write is on disk
 * before it is sent, key and all: neither a lost answer nor a power cut doubles a hand-over or loses one, and while the
 * service cannot be reached the counter goes on.
 */
import { type Credentials, type components, createClient, type Patience } from '../../src/client/client.ts'
import { type OfflineWrite, openQueueFile } from '../../src/client/offline-node.ts' // gomask/client, …/offline-node

type Schemas = components['schemas']
type HandOver = Omit<Schemas['DispenseRequest'], 'dispensedAt' | 'pharmacy'>
type Problem = { code: string; detail: string }

/** The service will not do it; `problem.detail` is for the person at the counter. */
export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

interface TillOptions extends Patience {
  url: string
  auth: Credentials
  pharmacy: string
  /** A pseudonym for the person at the counter. */
  operator: string
  /** The file that outlives a power cut. */
  journal: string
}

/** A write that is done for good. Without an answer it was done off line, and goes with the next reconciliation. */
interface Done<Answer> {
  key: string
  answer?: Answer
}

/** Opens a till. What it had under way when it was last closed, or lost its power, is sent if the service is there. */
export async function openTill({ url, auth, pharmacy, operator, journal, ...patience }: TillOptions) {
  // Nobody at a counter waits for minutes.
  const short = { tries: 2, timeoutMs: 5_000, ...patience }
  const client = createClient({ baseUrl: url, auth: { ...auth, pharmacy }, language: 'fr', ...short })
  const queue = await openQueueFile(journal, { client, pharmacy })
  const now = () => new Date().toISOString()
  const headers = (key: string) => ({ 'idempotency-key': key, 'x-operator': operator })

  /** Keeps a write, then does it online, unless there is no way to. */
  async function write<Answer>(
    item: OfflineWrite,
    online?: (header: ReturnType<typeof headers>) => Promise<{ data?: Answer; error?: Problem; response: Response }>,
  ): Promise<Done<Answer>> {
    const { key } = await queue.keep(item, operator)
    const { data, error, response } = (await online?.(headers(key)).catch(() => undefined)) ?? {}
    if (!response || (error && !isJudged(response, error))) return { key }
    await queue.settle(key)
    if (error) throw new Refused(error)
    return { key, ...(data && { answer: data }) }
  }

  /** Sends what was done off line. `refused` is for somebody to look at, with `queue.correct` or `queue.settle`. */
  async function reconcile() {
    const results = await queue.send()
    return { results, refused: await queue.refused() }
  }

  await reconcile().catch(() => {}) // Later, then.
  return {
    queue,
    reconcile,
    /** Counts a shelf by scanning one of its boxes. */
    async count(scan: string, onHandBoxes: number) {
      const { data, error } = await client.GET('/v1/products', { params: { query: { gtin: scan.slice(2, 16) } } })
      const product = data?.items[0]?.code
      if (error || product === undefined) throw error ? new Refused(error) : new Error('an unknown pack')
      const body = { scan, onHandBoxes, countedAt: now() }
      return write({ kind: 'count', body: { product, ...body } }, (header) =>
        client.PUT('/v1/pharmacies/{finess}/stock/{product}', {
          params: { path: { finess: pharmacy, product }, header },
          body,
        }),
      )
    },
    /** Nobody waits for a delivery note: off line this fails. Entered again, it has the same key. */
    async deliver(body: Schemas['RecordDeliveryRequest']) {
      const header = headers(encodeURIComponent(`${body.counterparty ?? ''}/${body.reference}`))
      const params = { path: { finess: pharmacy }, header }
      const { data, error } = await client.POST('/v1/pharmacies/{finess}/deliveries', { params, body })
      if (error) throw new Refused(error)
      return data
    },
    handOver(given: HandOver) {
      const body = { ...given, pharmacy, dispensedAt: now() }
      return write({ kind: 'dispensation', body }, (header) =>
        client.POST('/v1/dispensations', { params: { header }, body }),
      )
    },
    /** What was handed over off line has no id yet: its key names it, in the batch that has both. */
    takeBack({ key, answer }: Done<{ id: string }>, kind: 'entry_error' | 'returned') {
      const item = { kind: 'reversal' as const, body: { dispensation: answer?.id ?? key, occurredAt: now(), kind } }
      if (!answer) return write<never>(item)
      const path = { id: answer.id }
      return write(item, (header) =>
        client.POST('/v1/dispensations/{id}/reversal', { params: { path, header }, body: { kind } }),
      )
    },
    async statement(from: string, to = from) {
      const params = { path: { finess: pharmacy }, query: { from, to } }
      const { data, error } = await client.GET('/v1/pharmacies/{finess}/statement', { params })
      if (error) throw new Refused(error)
      return data
    },
    close: () => queue.close(),
  }
}

/** Whether a problem is a decision, so that nothing is handed over; or only says that the service cannot be asked. */
function isJudged({ status }: Response, { code }: Problem): boolean {
  return [400, 404, 409, 422].includes(status) && code !== 'idempotency_in_progress'
}
