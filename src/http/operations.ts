import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { v4 as uuid } from 'uuid'
import { answerUnroutable, handleErrors } from './errors.ts'
import { healthRoutes } from './health.ts'
import { type Register, serveMetrics } from './metrics.ts'
import { secureHeaders } from './security-headers.ts'
import { fastSerializerCompiler } from './serialization.ts'
import type { App } from './service.ts'
import { answerClientErrors } from './unparsed.ts'
import { answerUnrouted } from './unrouted.ts'

const SLOWEST_MS = 10_000

/** What those who run the service ask of it, for a listener that callers cannot reach: /healthz, /readyz, /metrics. */
export async function buildOperations(
  service: Pick<FastifyInstance, 'readiness'> & { metrics: { client: { register: Register } } },
  logger?: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuid(),
    connectionTimeout: SLOWEST_MS,
    requestTimeout: SLOWEST_MS,
    forceCloseConnections: true,
    clientErrorHandler: answerClientErrors,
    frameworkErrors: answerUnroutable,
  })
  app.setSerializerCompiler(fastSerializerCompiler as never)
  handleErrors(app)
  answerUnrouted(app)
  secureHeaders(app)
  app.decorate('readiness', () => service.readiness())
  await healthRoutes(app as unknown as App)
  serveMetrics(app, service.metrics.client.register)
  return app
}
