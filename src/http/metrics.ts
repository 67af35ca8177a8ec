import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import { keptForASecond } from './kept.ts'
import { refusalKinds } from './refusals.ts'

const MOST_A_SECOND = 10
const SECOND_MS = 1_000

/**
 * Measures the process and every route registered after it, labelled by pattern, since a path may name a person. Counts
 * refusals, for alerts.
 */
export async function metrics(app: FastifyInstance): Promise<void> {
  await app.register(fastifyMetrics.default, {
    endpoint: null,
    clearRegisterOnInit: true,
    // Quantiles of several processes cannot be combined.
    routeMetrics: { enabled: { histogram: true, summary: false } },
  })
  const { Counter, register } = app.metrics.client
  const refusals = new Counter({
    name: 'gomask_refusals_total',
    help: 'Requests refused that somebody who guesses or floods makes many of, by kind.',
    labelNames: ['kind'],
    registers: [register],
  })
  for (const kind of refusalKinds) refusals.inc({ kind }, 0)
  app.addHook('onResponse', async ({ refused }) => {
    if (refused) refusals.inc({ kind: refused.kind })
  })
}

/** Where metrics are read from. */
export interface Register {
  contentType: string
  metrics(): Promise<string>
}

/**
 * Serves the metrics to Prometheus. To write them takes milliseconds, so they are written once a second at most; they
 * are long, so whoever asks more than ten times a second is answered a second late.
 */
export function serveMetrics(app: FastifyInstance, register: Register): void {
  const written = keptForASecond(() => register.metrics())
  const heldIfFlood = holdFloods()
  app.get('/metrics', async (_request, reply) => {
    const text = await written()
    await heldIfFlood()
    return reply.header('content-type', register.contentType).send(text)
  })
}

function holdFloods(): () => Promise<void> {
  let since = Number.NEGATIVE_INFINITY
  let asked = 0
  return async () => {
    const now = performance.now()
    if (now - since >= SECOND_MS) {
      since = now
      asked = 0
    }
    if (++asked > MOST_A_SECOND) await pause(SECOND_MS)
  }
}

/** The state of the ledger's log. */
interface LedgerStatus {
  size: number
  publishedSize: number
  oldestPendingSeconds: number
  refused: boolean
}

/** Gauges of the ledger's log. Their values date from `gomask_ledger_seen_timestamp_seconds`. */
export function reportLedger(app: FastifyInstance): (status: LedgerStatus) => void {
  const { Gauge } = app.metrics.client
  const registers = [app.metrics.client.register]
  const gauge = (name: string, help: string) => new Gauge({ name: `gomask_ledger_${name}`, help, registers })
  const size = gauge('size', 'Entries that have their place in the log.')
  const unpublished = gauge(
    'unpublished',
    'Entries in the log that no checkpoint covers yet; alert above 0 for a minute.',
  )
  const pending = gauge('pending_seconds', 'How long the oldest entry without a place has waited; alert above 5.')
  const refused = gauge('refused', '1 while the database does not continue what was published, and nothing is signed.')
  const seen = gauge('seen_timestamp_seconds', 'When these were last read.')
  return (status) => {
    size.set(status.size)
    unpublished.set(status.size - status.publishedSize)
    pending.set(status.oldestPendingSeconds)
    refused.set(status.refused ? 1 : 0)
    seen.setToCurrentTime()
  }
}

/** The state of webhooks. */
interface WebhookStatus {
  waitingLanes: number
  oldestSeconds: number
  failing: number
  paused: number
}

/** Gauges of webhooks, without their addresses: an endpoint's own client reads how it is. */
export function reportWebhooks(app: FastifyInstance): (status: WebhookStatus) => void {
  const { Gauge } = app.metrics.client
  const registers = [app.metrics.client.register]
  const gauge = (name: string, help: string) => new Gauge({ name: `gomask_webhooks_${name}`, help, registers })
  const waiting = gauge('waiting', 'Pairs of an endpoint and a pharmacy with something to deliver.')
  const oldest = gauge('oldest_seconds', 'How long the oldest event has waited that is not for a paused endpoint.')
  const failing = gauge('failing_endpoints', 'Endpoints at which every attempt since the last that succeeded failed.')
  const paused = gauge('paused_endpoints', 'Endpoints that nothing has reached for three days.')
  return (status) => {
    waiting.set(status.waitingLanes)
    oldest.set(status.oldestSeconds)
    failing.set(status.failing)
    paused.set(status.paused)
  }
}
