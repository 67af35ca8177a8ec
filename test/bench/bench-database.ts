import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, statfs } from 'node:fs/promises'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import pg from 'pg'
import { Wait } from 'testcontainers'
import { localPgbench, type Pgbench, SETTINGS } from './bare/pgbench.ts'
import type { SetSize } from './set/sizes.ts'

/** A database of the benchmark's own. */
export interface BenchDatabase {
  url: string
  /** Whether it was kept by an earlier run, with everything in it. */
  isLoaded: boolean
  /** Undefined where pgbench is neither here nor beside the database. */
  pgbench: Pgbench | undefined
  /** Says that the set is in, so that a later run may take it. */
  markLoaded(): Promise<void>
  drop(): Promise<void>
}

const CONNECTIONS = '300'

/**
 * Makes it on BENCH_DATABASE_URL, where the user must be a superuser, or else in a container. `keep` names a database
 * that outlasts the run, or was left by an earlier one.
 */
export async function makeBenchDatabase(keep?: string): Promise<BenchDatabase> {
  const given = process.env.BENCH_DATABASE_URL
  if (given === undefined) return inContainer()
  const name = keep ?? `gomask_bench_${randomUUID().replaceAll('-', '')}`
  const url = new URL(given)
  url.pathname = `/${name}`
  const [found] = await asAdmin(
    given,
    `select shobj_description(oid, 'pg_database') = 'loaded' as loaded from pg_database where datname = '${name}'`,
  )
  if (found && !found.loaded) await asAdmin(given, `drop database ${name} with (force)`)
  if (!found?.loaded) await asAdmin(given, `create database ${name}`)
  return {
    url: url.href,
    isLoaded: found?.loaded === true,
    pgbench: await localPgbench(url.href),
    markLoaded: async () => void (await asAdmin(given, `comment on database ${name} is 'loaded'`)),
    drop: async () => {
      if (keep === undefined) await asAdmin(given, `drop database ${name} with (force)`)
    },
  }
}

async function inContainer(): Promise<BenchDatabase> {
  const container = await new PostgreSqlContainer(process.env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5')
    .withSharedMemorySize(2 ** 30) // PostgreSQL's parallel plans share their memory there.
    .withCommand([
      'postgres',
      '-c',
      `max_connections=${CONNECTIONS}`,
      '-c',
      'shared_buffers=1GB',
      '-c',
      'max_wal_size=8GB',
    ])
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  const url = container.getConnectionUri()
  const inside: Pgbench = async (script, argumentsFor) => {
    await container.copyContentToContainer([{ content: script, target: '/tmp/script.sql' }])
    const address = `postgres://${container.getUsername()}:${container.getPassword()}@127.0.0.1/${container.getDatabase()}`
    const { output, exitCode } = await container.exec(['pgbench', ...argumentsFor('/tmp/script.sql', address)], {
      env: { PGOPTIONS: SETTINGS },
    })
    if (exitCode !== 0) throw new Error(`pgbench ended with ${exitCode}:\n${output}`)
    return output
  }
  return {
    url,
    isLoaded: false,
    pgbench: (await localPgbench(url)) ?? inside,
    markLoaded: async () => {},
    drop: async () => void (await container.stop()),
  }
}

/** Names a set by all that it is made from: its sizes, the migrations and the files that fill it. */
export async function fingerprint(size: SetSize): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(size))
  for (const folder of [new URL('../../migrations/', import.meta.url), new URL('set/', import.meta.url)]) {
    for (const name of (await readdir(folder)).sort()) hash.update(await readFile(new URL(name, folder)))
  }
  return hash.digest('hex').slice(0, 12)
}

/**
 * Says in one line that the disk does not suffice, or undefined; a disk that cannot be seen from here is taken for
 * enough.
 */
export async function diskMissing({ diskGigabytes }: SetSize): Promise<string | undefined> {
  const given = process.env.BENCH_DATABASE_URL
  const folder = given === undefined ? '/' : (await asAdmin(given, 'show data_directory'))[0]?.data_directory
  const disk = await statfs(String(folder)).catch(() => undefined)
  if (!disk) return undefined
  const free = (disk.bavail * disk.bsize) / 2 ** 30
  if (free >= diskGigabytes) return undefined
  return `the set needs ${diskGigabytes} GB of disk at ${folder}, where ${free.toFixed(1)} GB are free`
}

/** An empty database on the server of another. */
export async function emptySibling(url: string): Promise<Pick<BenchDatabase, 'url' | 'drop'>> {
  const name = `gomask_bench_${randomUUID().replaceAll('-', '')}`
  await asAdmin(url, `create database ${name}`)
  const sibling = new URL(url)
  sibling.pathname = `/${name}`
  return { url: sibling.href, drop: async () => void (await asAdmin(url, `drop database ${name} with (force)`)) }
}

async function asAdmin(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const { rows } = await admin.query(statement)
  await admin.end()
  return rows
}
