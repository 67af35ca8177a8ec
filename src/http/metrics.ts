import type { FastifyInstance } from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import { z } from 'zod'
import { onlyProblems } from './schemas.ts'

/** Prometheus metrics of the process and of every route, by its pattern: no path that names a person becomes a label. */
export async function metrics(app: FastifyInstance): Promise<void> {
  await app.register(fastifyMetrics.default, { endpoint: null, clearRegisterOnInit: true })
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
