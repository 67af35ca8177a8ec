import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Owner } from './database.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)
const LOCK = 5_200_361_447 // Any number will do, as long as every release uses the same one.

/** The database and the program do not fit together; the message says why and what to do. */
export class MigrationRefused extends Error {}

interface Migration {
  version: number
  name: string
  checksum: string
  script: string
}

/** Works on the schema while no other instance does: instances that start together wait for one another. */
export async function oneAtATime<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  await owner.rows('select pg_advisory_lock($1)', [LOCK])
  try {
    return await work()
  } finally {
    await owner.rows('select pg_advisory_unlock($1)', [LOCK])
  }
}

/**
 * Brings the database up to date and returns the names of the migrations it ran. Refuses (MigrationRefused) a database
 * that is newer than this program, or whose applied files have changed since.
 */
export function migrate(owner: Owner): Promise<string[]> {
  return oneAtATime(owner, async () => {
    await owner.script(`create table if not exists schema_migrations (
      version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
    const pending = pendingOf(await readMigrations(), await readApplied(owner))
    for (const migration of pending) await apply(owner, migration)
    return pending.map(({ name }) => name)
  })
}

/** Refuses (MigrationRefused) a database that is not exactly up to date, and changes nothing. */
export async function requireMigrated(owner: Owner): Promise<void> {
  const [found] = await owner.rows(`select to_regclass('schema_migrations') is not null as exists`)
  const pending = pendingOf(await readMigrations(), found?.exists ? await readApplied(owner) : [])
  if (pending.length > 0) {
    throw new MigrationRefused(`the database lacks ${pending.length} migrations; run: gomask migrate`)
  }
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const script = await readFile(new URL(name, FOLDER), 'utf8')
      return {
        version: Number(name.slice(0, 4)),
        name,
        script,
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
    if (file.checksum !== checksum) {
      throw new MigrationRefused(
        `${file.name} has changed since it was applied; restore it and put the change into a new migration`,
      )
    }
  }
  return known.filter(({ version }) => !applied.some((done) => done.version === version))
}

async function apply(owner: Owner, { version, name, checksum, script }: Migration): Promise<void> {
  await owner.script('begin')
  try {
    await owner.script(script)
    await owner.rows('insert into schema_migrations (version, name, checksum) values ($1, $2, $3)', [
      version,
      name,
      checksum,
    ])
    await owner.script('commit')
  } catch (error) {
    await owner.script('rollback')
    throw new Error(`${name} failed and was rolled back`, { cause: error })
  }
}
