import autocannon, { type Client, type Request } from 'autocannon'
import { range } from '../support/tally.ts'
import { median, percentile } from './measure.ts'

/** One request to the service. */
export interface BenchRequest {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  token: string
  /** A write's own key. */
  key?: string
  body?: unknown
}

/** How a run is driven: each caller sends when it was answered, or all together at a rate whatever the answers. */
export interface Load {
  connections: number
  seconds: number
  ratePerSecond?: number
  /** The next request, of whichever caller. */
  next(): BenchRequest
}

/** What a run gave. */
export interface Driven {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Answers that are none of 2xx, by status, and requests that were not answered. */
  errors: Record<string, number>
}

// What is only read may be sent again: each caller has so many readings of its own, written before it begins, as
// writing one at each turn took as much time as sending it.
const READINGS = 300

/** Sends requests for some seconds. */
export async function drive(url: string, { connections, seconds, ratePerSecond, next }: Load): Promise<Driven> {
  const latencies: number[] = []
  const errors: Record<string, number> = {}
  const count = (error: string) => (errors[error] = (errors[error] ?? 0) + 1)
  const started = performance.now()
  let ended = started
  const readings = range(READINGS).every(() => next().method === 'GET')
  await new Promise<void>((resolve, reject) => {
    const options = {
      url,
      connections,
      duration: seconds,
      sampleInt: 100,
      ...(ratePerSecond !== undefined && { overallRate: ratePerSecond }),
      ...(readings
        ? { setupClient: (client: Client) => client.setRequests(range(READINGS).map(() => asRequest(next()))) }
        : { requests: [{ setupRequest: (request: Request) => Object.assign(request, asRequest(next())) }] }),
    }
    const instance = autocannon(options, (error) => (error ? reject(error) : resolve()))
    instance.on('response', (_client: Client, status: number, _bytes: number, ms: number) => {
      if (status < 200 || status > 299) count(String(status))
      latencies.push(ms)
      ended = performance.now()
    })
    instance.on('reqError', () => count('unanswered'))
  })
  return {
    requestsPerSecond: (latencies.length * 1000) / (ended - started),
    p50Ms: median(latencies),
    p99Ms: percentile(latencies, 0.99),
    errors,
  }
}

/** Sends one request and gives its answer; throws where it is none of 2xx. */
export async function once(url: string, request: BenchRequest): Promise<Record<string, unknown>> {
  const { method, headers, body } = asRequest(request)
  const answer = await fetch(`${url}${request.path}`, { method, headers, ...(body !== undefined && { body }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${request.path} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}

function asRequest({ method, path, token, key, body }: BenchRequest) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { 'idempotency-key': key }),
  }
  return { method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
}
