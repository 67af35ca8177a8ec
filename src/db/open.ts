import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Database, Owner } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { driverError, isUnavailable, sqlState } from './failures.ts'
import { prepareJobs, requireJobs } from './job-queue.ts'
import { type Login, LoginRefused, readLogin, requireMember, requireNoExcess, warnOfExcess } from './login.ts'
import { migrate, oneAtATime, requireMigrated } from './migrate.ts'
import { MOVABLE, makeMovable } from './movable-clock.ts'
import { type Replica, watchReplica } from './replica.ts'
import { openServer, type Timeouts } from './server.ts'
import { openServerOwner } from './server-owner.ts'

const LONGEST_WAIT_MS = 10_000

/**
 * Opens the configured database. Brings it up to date first or, with MIGRATE_ON_START false or a login that may not,
 * refuses one that is not. Waits for a server that does not answer yet, and says so. The clock of an embedded one can
 * be made movable, for a sandbox.
 */
export async function openReady(
  config: Config,
  log: Logger,
  { movableClock, ...options }: { timeouts?: Partial<Timeouts>; movableClock?: boolean } = {},
): Promise<Database> {
  if (config.DATABASE_URL === undefined) {
    const embedded = await openEmbedded(config.DATA_DIR)
    try {
      await bringUpToDate(embedded.owner, config, log, await readLogin(embedded.owner))
      if (!movableClock) return await embedded.asService()
      await makeMovable(embedded.owner)
      return await embedded.asService(MOVABLE)
    } catch (error) {
      await embedded.close()
      throw error
    }
  }
  const owner = await connectOwner(config.DATABASE_URL, log)
  try {
    const login = await readLogin(owner)
    if (config.STRICT_ROLES) requireNoExcess(login)
    await bringUpToDate(owner, config, log, login)
    const after = await readLogin(owner) // The first migration may have made gomask_app, and the login its member.
    requireMember(after)
    warnOfExcess(after, log)
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
    const { name, mayMigrate } = await readLogin(owner)
    if (!mayMigrate) {
      throw new LoginRefused(`the login ${name} may not change the tables; use that of their owner in DATABASE_URL`)
    }
    return await upgrade(owner)
  } finally {
    await owner.close()
    await embedded?.close()
  }
}

async function bringUpToDate(owner: Owner, config: Config, log: Logger, login: Login): Promise<void> {
  if (!config.MIGRATE_ON_START || !login.mayMigrate) return requireUpToDate(owner, login)
  const names = await upgrade(owner)
  if (names.length > 0) log.info({ migrations: names }, 'the database was brought up to date')
}

// Where something is missing, another process may be adding it just now: then this one waits for it and looks again.
async function requireUpToDate(owner: Owner, { name, mayMigrate }: Login): Promise<void> {
  const command = mayMigrate ? 'gomask migrate' : `gomask migrate, with the owner’s DATABASE_URL (${name} may not)`
  const look = async () => {
    await requireMigrated(owner, command)
    await requireJobs(owner, command)
  }
  await look().catch(() => oneAtATime(owner, look))
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
      if (isLoginFailure(error)) throw new LoginRefused(`PostgreSQL refuses the login: ${driverError(error)?.message}`)
      if (!isUnavailable(error)) throw error
      const pauseMs = Math.min(LONGEST_WAIT_MS, 250 * 2 ** attempt)
      log.warn({ attempt, nextTryInMs: pauseMs }, 'waiting for the database')
      await wait(pauseMs)
    }
  }
}

// A wrong password, no such role, or no such database.
function isLoginFailure(error: unknown): boolean {
  return /^(28...|3D000)$/.test(sqlState(error) ?? '')
}
