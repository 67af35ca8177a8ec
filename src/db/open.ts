import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Database, Owner } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { isUnavailable } from './failures.ts'
import { prepareJobs } from './job-queue.ts'
import { migrate, oneAtATime, requireMigrated } from './migrate.ts'
import { type Replica, watchReplica } from './replica.ts'
import { openServer, openServerOwner, type Timeouts } from './server.ts'

const LONGEST_WAIT_MS = 10_000

/**
 * Opens the configured database. Brings it up to date first or, with MIGRATE_ON_START false, refuses one that is not.
 * Waits for a server that does not answer yet, and says so.
 */
export async function openReady(
  config: Config,
  log: Logger,
  options: { timeouts?: Partial<Timeouts> } = {},
): Promise<Database> {
  if (config.DATABASE_URL === undefined) {
    const embedded = await openEmbedded(config.DATA_DIR)
    try {
      await bringUpToDate(embedded.owner, config, log)
      return await embedded.asService()
    } catch (error) {
      await embedded.close()
      throw error
    }
  }
  const owner = await connectOwner(config.DATABASE_URL, log)
  try {
    await bringUpToDate(owner, config, log)
  } finally {
    await owner.close()
  }
  return openServer(config.DATABASE_URL, {
    ...options,
    connections: config.DATABASE_POOL,
    onError: (error) => log.warn({ err: error }, 'an idle database connection was lost'),
  })
}

/** Opens the configured standby, if any; it is read as soon as it is known to keep up. */
export function openReplica(config: Config, primary: Database, log: Logger): Replica | undefined {
  if (config.DATABASE_READ_URL === undefined) return undefined
  const standby = openServer(config.DATABASE_READ_URL, {
    connections: config.DATABASE_POOL,
    onError: (error) => log.warn({ err: error }, 'an idle connection to the standby was lost'),
  })
  return watchReplica(primary, standby, {
    maxAgeSeconds: config.DATABASE_READ_MAX_AGE,
    onChange: (isFit) => {
      if (isFit) log.info('the standby of DATABASE_READ_URL keeps up: searches and audits read from it')
      else log.warn('the standby of DATABASE_READ_URL is away or too far behind: everything reads from the primary')
    },
  })
}

/** Runs the pending migrations of the configured database and returns their names. */
export async function migrateOnly(config: Config, log: Logger): Promise<string[]> {
  const embedded = config.DATABASE_URL === undefined ? await openEmbedded(config.DATA_DIR) : undefined
  const owner = embedded?.owner ?? (await connectOwner(config.DATABASE_URL ?? '', log))
  try {
    return await upgrade(owner)
  } finally {
    await owner.close()
    await embedded?.close()
  }
}

async function bringUpToDate(owner: Owner, config: Config, log: Logger): Promise<void> {
  if (!config.MIGRATE_ON_START) return requireMigrated(owner)
  const names = await upgrade(owner)
  if (names.length > 0) log.info({ migrations: names }, 'the database was brought up to date')
}

// The job queue makes its own tables and would collide with another instance that does the same.
function upgrade(owner: Owner): Promise<string[]> {
  return oneAtATime(owner, async () => {
    const names = await migrate(owner)
    await prepareJobs(owner)
    return names
  })
}

async function connectOwner(url: string, log: Logger): Promise<Owner> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openServerOwner(url)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      const pauseMs = Math.min(LONGEST_WAIT_MS, 250 * 2 ** attempt)
      log.warn({ attempt, nextTryInMs: pauseMs }, 'waiting for the database')
      await wait(pauseMs)
    }
  }
}
