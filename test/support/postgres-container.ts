import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql'
import pg from 'pg'
import type { Test } from 'tap'
import { getContainerRuntimeClient, Wait } from 'testcontainers'
import { addressFor, makeMigrated } from './logins.ts'
import { freePort } from './runner/database.ts'

/** A PostgreSQL of a test's own, to be done with as it likes. */
export interface OwnPostgres {
  /** Its address with all rights. */
  url: string
  /** The service's, whose database is migrated. */
  serviceUrl: string
  /** Kills every process of it at once, as a power cut does. */
  kill(): Promise<void>
  /** Starts it again on the same files; it recovers by itself and answers some time later. */
  start(): Promise<void>
  /** Starts a second server beside it, which streams what this one writes, and gives its address with all rights. */
  startStandby(): Promise<string>
  /** Makes a database on a disk of its own, and gives its address. The write-ahead log is elsewhere. */
  makeOnSmallDisk(): Promise<string>
  /** Runs a command in its container as its own user. */
  run(command: string): Promise<void>
}

const STANDBY_PORT = 5433

/** Where the small disk is. */
export const SMALL_DISK = '/small'

/** Starts a container with PostgreSQL and PostGIS, which is removed with the test. */
export async function startPostgres(t: Test): Promise<OwnPostgres> {
  const container = await new PostgreSqlContainer(process.env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5')
    // A port of our choice, because a container that was killed and started again would get another random one.
    .withExposedPorts({ container: 5432, host: await freePort() }, { container: STANDBY_PORT, host: await freePort() })
    .withTmpFs({ [SMALL_DISK]: 'rw,size=96m,mode=1777' })
    // The image starts a first server to set itself up, so the second of these lines is the one that counts.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  t.teardown(async () => void (await container.stop()))
  const handle = (await getContainerRuntimeClient()).container.getById(container.getId())
  const url = container.getConnectionUri()
  await makeMigrated(url)
  return {
    url,
    serviceUrl: addressFor('gomask_test_service', url),
    kill: async () => {
      await handle.kill({ signal: 'SIGKILL' })
      await handle.wait()
    },
    start: () => handle.start(),
    startStandby: () => startStandby(container),
    makeOnSmallDisk: () => makeOnSmallDisk(container),
    run: (command) => run(container, command),
  }
}

async function startStandby(container: StartedPostgreSqlContainer): Promise<string> {
  const steps = [
    `pg_basebackup -h 127.0.0.1 -U ${container.getUsername()} -D /tmp/standby -R -X stream -c fast`,
    `pg_ctl -D /tmp/standby -o "-p ${STANDBY_PORT} -c listen_addresses=*" -l /tmp/standby.log -w start`,
  ]
  for (const step of steps) await run(container, step)
  const url = new URL(container.getConnectionUri())
  url.port = String(container.getMappedPort(STANDBY_PORT))
  return url.href
}

async function makeOnSmallDisk(container: StartedPostgreSqlContainer): Promise<string> {
  await run(container, `mkdir ${SMALL_DISK}/space`)
  const admin = new pg.Client({ connectionString: container.getConnectionUri() })
  await admin.connect()
  await admin.query(`create tablespace small location '${SMALL_DISK}/space'`)
  await admin.query('create database masks tablespace small')
  await admin.end()
  const url = new URL(container.getConnectionUri())
  url.pathname = '/masks'
  return url.href
}

async function run(container: StartedPostgreSqlContainer, command: string): Promise<void> {
  const { exitCode, output } = await container.exec(
    ['gosu', 'postgres', 'sh', '-c', `PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin) ${command}`],
    { env: { PGPASSWORD: container.getPassword() } },
  )
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${output}`)
}
