import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Owner } from './database.ts'
import { driverError, isLockTimeout, isRetryable, sqlState } from './failures.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)
const LOCK = 5_200_361_447 // Any number will do, as long as every release uses the same one.

const TURN_MS = 250
const INSUFFICIENT_PRIVILEGE = '42501'

const REPLACED = /^-- Replaces the text with the checksum ([0-9a-f]{64})/gm

/** How long a migration waits for a lock, how often it tries, and how long it pauses before it tries again. */
const PATIENCE = { lockMs: 5_000, attempts: 6, pauseMs: 5_000 }
type Patience = typeof PATIENCE

/** The database and the program do not fit together; the message says why and what to do. */
export class MigrationRefused extends Error {}

interface Migration {
  version: number
  name: string
  checksum: string
  /** Those of earlier texts of the file: a database that ran one of them is as one that runs this. */
  replaced: string[]
  script: string
  /** The index that a migration outside a transaction makes or drops, if it is one. */
  index: string | undefined
}

/**
 * Works on the schema while no other instance does: instances that start together wait for one another, between looks.
 * Waiting inside a statement, each would have a snapshot, for whose end an index that is built concurrently waits.
 */
export async function oneAtATime<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const [taken] = await owner.rows('select pg_try_advisory_lock($1) as mine', [LOCK])
    if (taken?.mine) break
    await wait(TURN_MS)
  }
  try {
    return await work()
  } finally {
    await owner.rows('select pg_advisory_unlock($1)', [LOCK])
  }
}

/**
 * Brings the database up to date and returns the names of the migrations it ran. Refuses (MigrationRefused) a database
 * that is newer than this program, whose applied files have changed since, or whose tables others keep locked.
 */
export function migrate(owner: Owner, folder: URL = FOLDER, patience: Patience = PATIENCE): Promise<string[]> {
  return oneAtATime(owner, async () => {
    await owner.script(`create table if not exists schema_migrations (
      version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
    const pending = pendingOf(await readMigrations(folder), await readApplied(owner))
    for (const migration of pending) await apply(owner, migration, patience)
    return pending.map(({ name }) => name)
  })
}

/** Refuses (MigrationRefused) a database that lacks migrations, naming the command that runs them; changes nothing. */
export async function requireMigrated(owner: Owner, command = 'gomask migrate'): Promise<void> {
  const [found] = await owner.rows(`select to_regclass('schema_migrations') is not null as exists`)
  const pending = pendingOf(await readMigrations(FOLDER), found?.exists ? await readApplied(owner) : [])
  if (pending.length > 0) {
    throw new MigrationRefused(`the database lacks ${pending.length} migrations; run: ${command}`)
  }
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const script = await readFile(new URL(name, folder), 'utf8')
      return {
        version: Number(name.slice(0, 4)),
        name,
        script,
        index: concurrentIndex(name, script),
        replaced: [...script.matchAll(REPLACED)].map(([, checksum = '']) => checksum),
        checksum: createHash('sha256').update(script).digest('hex'),
      }
    }),
  )
}

async function readApplied(owner: Owner): Promise<{ version: number; name: string; checksum: string }[]> {
  const found = await owner.rows('select version, name, checksum from schema_migrations order by version')
  return found.map((row) => ({ version: Number(row.version), name: String(row.name), checksum: String(row.checksum) }))
}

function pendingOf(known: Migration[], applied: { version: number; name: string; checksum: string }[]): Migration[] {
  for (const { version, name, checksum } of applied) {
    const file = known.find((migration) => migration.version === version)
    if (!file)
      throw new MigrationRefused(
        `the database has ${name}, which this program does not know: it is newer; upgrade the program`,
      )
    if (file.checksum !== checksum && !file.replaced.includes(checksum)) {
      throw new MigrationRefused(
        `${file.name} has changed since it was applied; restore it and put the change into a new migration`,
      )
    }
  }
  return known.filter(({ version }) => !applied.some((done) => done.version === version))
}

const CONCURRENTLY = /^(--.*\n)*-- concurrently\n/
const INDEX_STATEMENT =
  /^(?:create(?: unique)? index concurrently if not exists|drop index concurrently if exists) (\w+)\b[^;]*;?\s*$/

/**
 * The index that a file is about which says `-- concurrently` among its first comments: it runs outside a transaction
 * and keeps no writer waiting, so it is one statement that can be run again.
 */
function concurrentIndex(name: string, script: string): string | undefined {
  if (!CONCURRENTLY.test(script)) return undefined
  const [, index] = INDEX_STATEMENT.exec(script.replace(/^--.*\n/gm, '').trimStart()) ?? []
  if (index === undefined) throw new Error(`${name} is not one statement that makes or drops an index concurrently`)
  return index
}

async function apply(owner: Owner, migration: Migration, { lockMs, attempts, pauseMs }: Patience): Promise<void> {
  const run = migration.index === undefined ? inTransaction : outsideTransaction
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(owner, migration, lockMs)
    } catch (error) {
      if (sqlState(error) === INSUFFICIENT_PRIVILEGE) {
        throw new MigrationRefused(`${migration.name} was rolled back: ${driverError(error)?.message}`)
      }
      if (!isRetryable(error)) throw new Error(`${migration.name} failed and was rolled back`, { cause: error })
      if (attempt === attempts) throw refusal(migration.name, attempts, error)
      await wait(pauseMs)
    }
  }
}

function refusal(name: string, attempts: number, error: unknown): MigrationRefused {
  const why = isLockTimeout(error) ? 'another session keeps a table that it needs locked' : 'others were in its way'
  return new MigrationRefused(
    `${name} was tried ${attempts} times and changed nothing: ${why}; end long transactions (pg_stat_activity) and try again`,
  )
}

// Whoever comes after a waiting migration waits behind it, so it gives up soon and lets them pass.
async function inTransaction(owner: Owner, migration: Migration, lockMs: number): Promise<void> {
  await owner.script('begin')
  try {
    await owner.script(`set local lock_timeout = ${lockMs}`)
    await owner.script(migration.script)
    await record(owner, migration)
    await owner.script('commit')
  } catch (error) {
    await owner.script('rollback')
    throw error
  }
}

// Nobody waits behind it, so it may wait for every transaction that is older, an export of hours too. If it was cut
// off, it left an invalid index under its name, which `if not exists` would take for done.
async function outsideTransaction(owner: Owner, migration: Migration): Promise<void> {
  const [found] = await owner.rows('select not indisvalid as broken from pg_index where indexrelid = to_regclass($1)', [
    migration.index,
  ])
  if (found?.broken) await owner.script(`drop index concurrently ${migration.index}`)
  await owner.script(migration.script)
  await record(owner, migration)
}

async function record(owner: Owner, { version, name, checksum }: Migration): Promise<void> {
  await owner.rows('insert into schema_migrations (version, name, checksum) values ($1, $2, $3)', [
    version,
    name,
    checksum,
  ])
}
