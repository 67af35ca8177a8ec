/**
 * An example till: what a pharmacy's software does with the service in a day. It keeps each write on disk before it is
 * sent, key and all, so that neither a lost answer nor a power cut doubles a hand-over or loses one.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Credentials, type components, createClient } from '../../src/client/client.ts' // 'gomask/client'

/** One write as it was first sent. */
interface Write {
  key: string
  verb: keyof Verbs
  body: object
}

type Verbs = ReturnType<typeof verbsOf>
type Problem = { code: string; detail: string }

/** The service will not do it; `problem.detail` is for the person at the counter. */
export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

interface TillOptions {
  url: string
  auth: Credentials
  pharmacy: string
  /** A pseudonym for the person at the counter. */
  operator: string
  /** The file that outlives a power cut. */
  journal: string
}

/** Opens a till: whatever it had under way when it was last closed, or lost its power, is sent again first. */
export async function openTill({ url, auth, pharmacy, operator, journal }: TillOptions) {
  const client = createClient({ baseUrl: url, auth: { ...auth, pharmacy }, language: 'fr' })
  const verbs = verbsOf(client, pharmacy, operator)
  const note = (line: object) => appendFileSync(journal, `${JSON.stringify(line)}\n`, { flush: true })

  /** Sends a write and notes its end. A refusal is an end too; an error that is none leaves it to be sent again. */
  async function send({ key, verb, body }: Write): Promise<unknown> {
    const { data, error } = await verbs[verb](key, body as never)
    note({ done: key })
    if (error) throw new Refused(error)
    return data
  }

  async function write<V extends keyof Verbs>(verb: V, body: Parameters<Verbs[V]>[1]) {
    const first = { key: randomUUID(), verb, body: body as object }
    note(first)
    return (await send(first)) as NonNullable<Awaited<ReturnType<Verbs[V]>>['data']>
  }

  for (const unfinished of readUnfinished(journal)) {
    await send(unfinished).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
    })
  }
  return {
    /** Counts a shelf by scanning one of its boxes. */
    async count(scan: string, onHandBoxes: number) {
      const { data, error } = await client.GET('/v1/products', { params: { query: { gtin: scan.slice(2, 16) } } })
      const product = data?.items[0]?.code
      if (error || product === undefined) throw error ? new Refused(error) : new Error('an unknown pack')
      return write('count', { product, scan, onHandBoxes, countedAt: new Date().toISOString() })
    },
    deliver: (body: Parameters<Verbs['deliver']>[1]) => write('deliver', body),
    handOver: (body: Parameters<Verbs['handOver']>[1]) => write('handOver', body),
    takeBack: (id: string, kind: 'entry_error' | 'returned') => write('takeBack', { id, kind }),
    async statement(from: string, to = from) {
      const params = { path: { finess: pharmacy }, query: { from, to } }
      const { data, error } = await client.GET('/v1/pharmacies/{finess}/statement', { params })
      if (error) throw new Refused(error)
      return data
    },
  }
}

/** Each write of the API that this till makes, under a key. */
function verbsOf(client: ReturnType<typeof createClient>, finess: string, operator: string) {
  const header = (key: string) => ({ 'idempotency-key': key, 'x-operator': operator })
  type Count = { product: string; scan: string; onHandBoxes: number; countedAt: string }
  type Delivery = components['schemas']['RecordDeliveryRequest']
  type HandOver = components['schemas']['DispenseRequest']
  return {
    count: (key: string, { product, ...body }: Count) =>
      client.PUT('/v1/pharmacies/{finess}/stock/{product}', {
        params: { path: { finess, product }, header: header(key) },
        body,
      }),
    deliver: (key: string, body: Delivery) =>
      client.POST('/v1/pharmacies/{finess}/deliveries', { params: { path: { finess }, header: header(key) }, body }),
    handOver: (key: string, body: HandOver) =>
      client.POST('/v1/dispensations', { params: { header: header(key) }, body: { pharmacy: finess, ...body } }),
    takeBack: (key: string, { id, kind }: { id: string; kind: 'entry_error' | 'returned' }) =>
      client.POST('/v1/dispensations/{id}/reversal', { params: { path: { id }, header: header(key) }, body: { kind } }),
  }
}

/** The writes whose end is not known; the journal then holds them alone. */
function readUnfinished(journal: string): Write[] {
  if (!existsSync(journal)) return []
  // A line that the power cut tore was never sent.
  const lines = readFileSync(journal, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  const done = new Set(lines.map(({ done }) => done))
  const unfinished = lines.filter(({ key }) => key !== undefined && !done.has(key))
  writeFileSync(`${journal}.draft`, unfinished.map((line) => `${JSON.stringify(line)}\n`).join(''), { flush: true })
  renameSync(`${journal}.draft`, journal)
  return unfinished
}
