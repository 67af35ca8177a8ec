import { createServer } from 'node:net'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import pg from 'pg'
import { Wait } from 'testcontainers'
import { dockerAnswers } from './docker-api.ts'

/**
 * The database that a run takes: what to call it, what the tests find in their environment, and how to be rid of it.
 */
export interface TestDatabase {
  name: string
  env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/**
 * Picks the database by the environment: TEST_DATABASE_URL, else a container where a Docker API answers, else the
 * embedded one. TEST_DATABASE=embedded or =server forces the choice; `server` throws where there is none.
 */
export async function chooseDatabase(env: NodeJS.ProcessEnv): Promise<TestDatabase> {
  const forced = env.TEST_DATABASE || undefined
  if (forced === 'embedded') return embedded(env)
  if (forced !== undefined && forced !== 'server') {
    throw new Error(`TEST_DATABASE is embedded or server, not ${JSON.stringify(forced)}.`)
  }
  if (env.TEST_DATABASE_URL) return givenServer(env, env.TEST_DATABASE_URL)
  if (!(await dockerAnswers(env))) {
    if (forced) throw new Error('TEST_DATABASE=server needs TEST_DATABASE_URL or a Docker API, and neither is there.')
    return embedded(env)
  }
  try {
    return await container(env)
  } catch (error) {
    const reason = `the container with PostgreSQL did not start: ${messageOf(error)}`
    if (forced) throw new Error(`TEST_DATABASE=server, but ${reason}`)
    return embedded(env, ` (${reason})`)
  }
}

function embedded(env: NodeJS.ProcessEnv, why = ''): TestDatabase {
  const { TEST_DATABASE_URL: _, TEST_POSTGRES_CONTAINER_ID: __, ...rest } = env
  return { name: `the embedded database${why}`, env: rest, stop: async () => {} }
}

/** A server that somebody else runs. The tests create and drop databases of their own there, named gomask_test_… */
async function givenServer(env: NodeJS.ProcessEnv, connectionString: string): Promise<TestDatabase> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; allowed: boolean }>(
      `select current_setting('server_version') as version, rolcreatedb or rolsuper as allowed
       from pg_roles where rolname = current_user`,
    )
    if (!rows[0]?.allowed) throw new Error('its user may not create databases, and every test file creates one.')
    const where = `${client.host}:${client.port}`
    return { name: `PostgreSQL ${rows[0].version} at ${where} (TEST_DATABASE_URL)`, env, stop: async () => {} }
  } catch (error) {
    throw new Error(`TEST_DATABASE_URL can't be used: ${messageOf(error)}`)
  } finally {
    await client.end()
  }
}

async function container(env: NodeJS.ProcessEnv): Promise<TestDatabase> {
  const image = env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5'
  const started = await new PostgreSqlContainer(image)
    // A port of our choice, because Docker gives a container that a test kills and starts again another random one.
    .withExposedPorts({ container: 5432, host: await freePort() })
    // In memory: to make and drop a database for each test file costs a disk more than the tests cost PostgreSQL.
    .withTmpFs({ '/var/lib/postgresql/data': 'rw' })
    .withCommand(['postgres', '-c', 'max_connections=300', '-c', 'max_wal_size=256MB'])
    // The image starts a first server to set itself up, so the second of these lines is the one that counts.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  return {
    name: `PostgreSQL in a container (${image})`,
    env: { ...env, TEST_DATABASE_URL: started.getConnectionUri(), TEST_POSTGRES_CONTAINER_ID: started.getId() },
    stop: async () => {
      await started.stop()
    },
  }
}

/** A port that nothing listens on now. */
export function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const probe = createServer().on('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    const port = typeof address === 'object' && address ? address.port : 0
    probe.close(() => resolve(port))
  })
  return promise
}

/** One line, also for the empty messages of connections that failed at every address. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return String(error instanceof Error ? error.message : error).replaceAll(/\s+/g, ' ')
}
