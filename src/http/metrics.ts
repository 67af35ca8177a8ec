import type { FastifyInstance } from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import { z } from 'zod'
import { refusalKinds } from './refusals.ts'
import { onlyProblems } from './schemas.ts'
import type { App } from './service.ts'

/**
 * Measures the process and, by its pattern, every route registered after it: no path that names a person becomes a label.
 * Counts what was refused, to be alerted on.
 */
export async function metrics(app: FastifyInstance): Promise<void> {
  await app.register(fastifyMetrics.default, {
    endpoint: null,
    clearRegisterOnInit: true,
    routeMetrics: { enabled: { histogram: true, summary: false } }, // Quantiles of one process cannot be added up.
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

/** Serves the metrics to Prometheus. */
export async function metricsRoute(app: App): Promise<void> {
  app.get(
    '/metrics',
    {
      config: { policy: 'public', answersUnderLoad: true, rateLimit: false },
      schema: {
        operationId: 'readMetrics',
        tags: ['operations'],
        summary: 'Metrics for Prometheus',
        response: {
          200: { description: 'Prometheus text', content: { 'text/plain': { schema: z.string() } } },
          ...onlyProblems(414),
        },
      },
    },
    async (_request, reply) => {
      const { register } = app.metrics.client
      return reply
        .header('content-type', register.contentType)
        .serializer(String)
        .send(await register.metrics())
    },
  )
}

/** How the ledger's log stands. */
interface LedgerStatus {
  size: number
  oldestPendingSeconds: number
  refused: boolean
}

/** Gauges of the ledger's log: what they are set to is as old as `gomask_ledger_seen_timestamp_seconds`. */
export function reportLedger(app: FastifyInstance): (status: LedgerStatus) => void {
  const { Gauge } = app.metrics.client
  const registers = [app.metrics.client.register]
  const gauge = (name: string, help: string) => new Gauge({ name: `gomask_ledger_${name}`, help, registers })
  const size = gauge('size', 'Entries that have their place in the log.')
  const pending = gauge('pending_seconds', 'How long the oldest entry without a place has waited; alert above 5.')
  const refused = gauge('refused', '1 while the database does not continue what was published, and nothing is signed.')
  const seen = gauge('seen_timestamp_seconds', 'When these were last read.')
  return (status) => {
    size.set(status.size)
    pending.set(status.oldestPendingSeconds)
    refused.set(status.refused ? 1 : 0)
    seen.setToCurrentTime()
  }
}
