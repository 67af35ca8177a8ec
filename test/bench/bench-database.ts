import { randomUUID } from 'node:crypto'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import pg from 'pg'
import { Wait } from 'testcontainers'

/** A database of the benchmark's own, empty. */
export interface BenchDatabase {
  url: string
  drop(): Promise<void>
}

/** Makes it on BENCH_DATABASE_URL, where the user must be a superuser, or else in a container. */
export async function makeBenchDatabase(): Promise<BenchDatabase> {
  const given = process.env.BENCH_DATABASE_URL
  if (given === undefined) {
    const container = await new PostgreSqlContainer(process.env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5')
      .withSharedMemorySize(2 ** 30) // PostgreSQL's parallel plans share their memory there.
      .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
      .start()
    return { url: container.getConnectionUri(), drop: async () => void (await container.stop()) }
  }
  const name = `gomask_bench_${randomUUID().replaceAll('-', '')}`
  await asAdmin(given, `create database ${name}`)
  const url = new URL(given)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => asAdmin(given, `drop database ${name} with (force)`) }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(statement)
  await admin.end()
}
