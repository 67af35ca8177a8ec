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
