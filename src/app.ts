import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { v4 as uuid } from 'uuid'
import { accessRoutes } from './features/accesses/routes.ts'
import { adminActRoutes } from './features/admin-acts/routes.ts'
import { allocationRuleRoutes } from './features/allocation-rules/routes.ts'
import { auditRoutes } from './features/audit/routes.ts'
import { clientRoutes } from './features/clients/routes.ts'
import { offlineHandOvers } from './features/dispensations/offline.ts'
import { dispensationRoutes } from './features/dispensations/routes.ts'
import { entitlementRoutes } from './features/entitlements/routes.ts'
import { eventRoutes } from './features/events/routes.ts'
import { historyRoutes } from './features/history/routes.ts'
import { identityDoubtRoutes } from './features/identity-doubts/routes.ts'
import { ledgerBundleRoutes } from './features/ledger/bundle-route.ts'
import { ledgerRoutes } from './features/ledger/routes.ts'
import { meRoutes } from './features/me/routes.ts'
import { offlineBatchRoutes } from './features/offline-batches/routes.ts'
import { openDataRoutes } from './features/open-data/routes.ts'
import { ownDataRoutes } from './features/own-data/routes.ts'
import { pharmacyRoutes } from './features/pharmacies/routes.ts'
import { productRoutes } from './features/products/routes.ts'
import { professionalRoutes } from './features/professionals/routes.ts'
import { refusalRoutes } from './features/refusals/routes.ts'
import { reservationRoutes } from './features/reservations/routes.ts'
import { sandboxRoutes } from './features/sandbox/routes.ts'
import { offlineStock } from './features/stock/offline.ts'
import { stockRoutes } from './features/stock/routes.ts'
import { territoryRoutes } from './features/territories/routes.ts'
import { webhookRoutes } from './features/webhooks/routes.ts'
import { authenticate } from './http/authentication.ts'
import { BODY_LIMIT_BYTES, limitBodies } from './http/body-limits.ts'
import { partFromClients } from './http/closing.ts'
import { compressAnswers } from './http/compression.ts'
import { controllerOf } from './http/controller.ts'
import { allowOrigins } from './http/cors.ts'
import { documentation } from './http/documentation.ts'
import { answerUnroutable, handleErrors } from './http/errors.ts'
import { limitExports } from './http/exports.ts'
import { knowNetworks } from './http/forwarded.ts'
import { healthRoutes } from './http/health.ts'
import { limitHeavyReadings } from './http/heavy-readings.ts'
import { ownIssuers } from './http/issuers/own.ts'
import { parseJson } from './http/json.ts'
import { keyRoutes } from './http/key-routes.ts'
import { shedLoad } from './http/load.ts'
import { metrics } from './http/metrics.ts'
import { requirePolicies } from './http/policy.ts'
import { limitRate } from './http/rate-limit.ts'
import { watchReadiness } from './http/readiness.ts'
import { watchRefusals } from './http/refusals.ts'
import { secureHeaders } from './http/security-headers.ts'
import { fastSerializerCompiler } from './http/serialization.ts'
import type { App, Deps } from './http/service.ts'
import { cutGreedySockets } from './http/sockets.ts'
import { keepStandings } from './http/standings.ts'
import { answerClientErrors } from './http/unparsed.ts'
import { answerUnrouted, answerUnroutedEarly, ROUTING } from './http/unrouted.ts'
import { validatorCompiler } from './http/validation.ts'

// How often Node looks for requests that have run out of time. With its default of 30 s they could last three times as
// long as we allow.
const TIMEOUTS = {
  connectionMs: 65_000,
  requestMs: 15_000,
  headersMs: 10_000,
  keepAliveMs: 60_000,
  checkEveryMs: 1_000,
}

/** Builds the application; the only composition root. It does not listen yet, so tests can inject. */
export async function buildApp(deps: Deps, logger?: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuid(),
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: TIMEOUTS.connectionMs,
    requestTimeout: TIMEOUTS.requestMs,
    keepAliveTimeout: TIMEOUTS.keepAliveMs,
    http: { headersTimeout: TIMEOUTS.headersMs, connectionsCheckingInterval: TIMEOUTS.checkEveryMs },
    routerOptions: ROUTING,
    trustProxy: deps.config.TRUST_PROXY,
    return503OnClosing: false,
    clientErrorHandler: answerClientErrors,
    frameworkErrors: answerUnroutable,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(fastSerializerCompiler as never)
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id))
  cutGreedySockets(app)
  knowNetworks(app)
  logAnswers(app)
  handleErrors(app)
  answerUnrouted(app)
  watchRefusals(app)
  limitBodies(app)
  parseJson(app)
  secureHeaders(app)
  await allowOrigins(app, deps.config.CORS_ORIGINS)
  requirePolicies(app)
  shedLoad(app)
  partFromClients(app)
  await limitRate(app, deps.config, deps.db.counting)
  answerUnroutedEarly(app)
  await authenticate(app, {
    issuers: [...ownIssuers(deps.keys, deps.config.PUBLIC_URL), ...deps.issuers],
    standings: keepStandings(deps.db),
    clock: deps.db.clock,
  })
  await metrics(app)
  watchReadiness(app, deps)
  limitHeavyReadings(app)
  limitExports(app)
  compressAnswers(app)
  await documentation(app, controllerOf(deps.config))
  if (deps.sandbox) await sandboxRoutes(app as unknown as App, { ...deps, sandbox: deps.sandbox })
  await app.register(routes, deps)
  return app
}

async function routes(app: FastifyInstance, deps: Deps): Promise<void> {
  for (const feature of [
    healthRoutes,
    keyRoutes,
    productRoutes,
    pharmacyRoutes,
    stockRoutes,
    reservationRoutes,
    dispensationRoutes,
    entitlementRoutes,
    historyRoutes,
    eventRoutes,
    ownDataRoutes,
    ledgerRoutes,
    ledgerBundleRoutes,
    auditRoutes,
    allocationRuleRoutes,
    professionalRoutes,
    identityDoubtRoutes,
    territoryRoutes,
    accessRoutes,
    refusalRoutes,
    adminActRoutes,
    clientRoutes,
    meRoutes,
    openDataRoutes,
    webhookRoutes,
  ]) {
    await feature(app as unknown as App, deps)
  }
  await offlineBatchRoutes(app as unknown as App, deps, { ...offlineHandOvers(deps), ...offlineStock(deps) })
}

// One line per request, with the route's pattern: paths and query strings may contain national numbers and places.
function logAnswers(app: FastifyInstance): void {
  // Nothing here is personal, so nothing has to be redacted.
  const log = app.log.child({}, { redact: [] })
  app.addHook('onResponse', async (request, reply) =>
    log.info(
      {
        reqId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        role: request.caller?.role,
      },
      'answered',
    ),
  )
}
