import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import { type Config, ConfigError } from './config.ts'
import { openReady, openReplica } from './db/open.ts'
import { plainHost } from './db/transport.ts'
import type { Signer } from './domain/signed-note.ts'
import { openIdIssuer } from './http/issuers/openid.ts'
import { reportLedger, reportWebhooks } from './http/metrics.ts'
import { buildOperations } from './http/operations.ts'
import type { Sandbox } from './http/service.ts'
import { guardFor } from './http/targets/guard.ts'
import { loadIssuers } from './issuers.ts'
import { openCheckpointFolder } from './jobs/ledger/checkpoint-folder.ts'
import { startSequencer } from './jobs/ledger/sequencer.ts'
import { startJobs } from './jobs/queue.ts'
import { startWebhooks } from './jobs/webhooks.ts'
import { loadLedgerKeys } from './keys/ledger-keys.ts'
import type { SigningKey } from './keys/signing-key.ts'
import { loadSigningKeys } from './keys/signing-keys.ts'
import { loadWebhookKeys } from './keys/webhook-keys.ts'
import { serviceLogger } from './logger.ts'

/** A running service. */
export interface Running {
  app: FastifyInstance
  key: SigningKey
  signers: [Signer, ...Signer[]]
  url: string
  close(): Promise<void>
}

/**
 * Opens the database, builds the application, starts the jobs and listens. If a step fails, closes what it had opened.
 * With a sandbox, its clock can be moved and its answers be lost on demand.
 */
export async function start(config: Config, sandbox?: Sandbox): Promise<Running> {
  const log = serviceLogger(config.LOG_LEVEL)
  warnOfPlainHosts(config, log)
  const people = await loadIssuers(config)
  const keys = await loadSigningKeys(config)
  const signers = await loadLedgerKeys(config)
  const webhookKeys = await loadWebhookKeys(config)
  const folder = await openCheckpointFolder(config.CHECKPOINT_DIR ?? join(config.DATA_DIR, 'checkpoints'))
  // Closed in reverse order, so that requests in flight finish before the database goes away.
  await using opened = new AsyncDisposableStack()
  const db = opened.adopt(await openReady(config, log, { movableClock: sandbox !== undefined }), (each) => each.close())
  if (db.kind === 'server' && !(config.CONTROLLER_NAME && config.CONTROLLER_CONTACT)) {
    log.warn('CONTROLLER_NAME and CONTROLLER_CONTACT are not set: nobody is told who answers for the personal data')
  }
  const replica = openReplica(config, db, log)
  if (replica) opened.adopt(replica, (each) => each.close())
  const issuers = people.map((settings) => openIdIssuer(settings, { db, log }))
  const app = await buildApp({ config, db, replica, keys, issuers, signers, webhookKeys, sandbox }, log)
  const onError = (error: Error) => log.error({ err: error }, 'job failed')
  opened.adopt(await startJobs(db, config, onError), (each) => each.stop())
  const delivering = {
    db,
    guard: guardFor(config),
    keys: webhookKeys,
    timeoutMs: config.WEBHOOK_TIMEOUT_SECONDS * 1_000,
  }
  opened.adopt(await startWebhooks({ ...delivering, lookMs: 1_000, onError, report: reportWebhooks(app) }), (each) =>
    each.stop(),
  )
  const timing = { seconds: config.CHECKPOINT_SECONDS, log, report: reportLedger(app) }
  opened.adopt(startSequencer({ db, folder, signers }, timing), (each) => each.stop())
  // Closed after the application: whoever watches it sees it stop.
  const operations = opened.adopt(await buildOperations(app, log), (each) => each.close())
  opened.defer(() => app.close())
  const watched = await listen(operations, config, 'OPERATIONS_')
  const { url, port } = await listen(app, config, '')
  log.info({ url, port, operations: watched.url, database: db.kind, docs: `${url}/docs` }, 'listening')
  const kept = opened.move()
  return { app, key: keys[0], signers, url, close: () => kept.disposeAsync() }
}

async function listen(
  app: FastifyInstance,
  config: Config,
  prefix: '' | 'OPERATIONS_',
): Promise<{ url: string; port: number }> {
  const { [`${prefix}HOST` as const]: host, [`${prefix}PORT` as const]: wanted } = config
  try {
    await app.listen({ host, port: wanted })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE') throw error
    throw new ConfigError(`${prefix}PORT: ${wanted} is taken on ${host}; choose another, or 0 for a free one`)
  }
  const { port } = app.server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port }
}

function warnOfPlainHosts(config: Config, log: Logger): void {
  for (const variable of ['DATABASE_URL', 'DATABASE_READ_URL'] as const) {
    const host = config[variable] && plainHost(config[variable])
    if (host)
      log.warn({ variable, host }, 'the database is reached without TLS: whoever is on the way reads and alters')
  }
}

/** Serves until a signal comes, then finishes what is in flight and exits 0 within 9 seconds. */
export async function serve(config: Config): Promise<Running> {
  const running = await start(config)
  closeWithGrace({ delay: 9_000, logger: running.app.log }, async ({ err, signal }) => {
    if (err) running.app.log.fatal({ err }, 'stopping after an uncaught error')
    else running.app.log.info({ signal }, 'stopping')
    await running.close()
  })
  return running
}
