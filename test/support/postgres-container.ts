import { PostgreSqlContainer } from '@testcontainers/postgresql'
import type { Test } from 'tap'
import { getContainerRuntimeClient, Wait } from 'testcontainers'
import { freePort } from './runner/database.ts'

/** A PostgreSQL of a test's own, to be done with as it likes. */
export interface OwnPostgres {
  url: string
  /** Kills every process of it at once, as a power cut does. */
  kill(): Promise<void>
  /** Starts it again on the same files; it recovers by itself and answers some time later. */
  start(): Promise<void>
}

/** Starts a container with PostgreSQL and PostGIS, which is removed with the test. */
export async function startPostgres(t: Test): Promise<OwnPostgres> {
  const container = await new PostgreSqlContainer(process.env.POSTGIS_IMAGE ?? 'postgis/postgis:17-3.5')
    // A port of our choice, because a container that was killed and started again would get another random one.
    .withExposedPorts({ container: 5432, host: await freePort() })
    // The image starts a first server to set itself up, so the second of these lines is the one that counts.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start()
  t.teardown(async () => void (await container.stop()))
  const handle = (await getContainerRuntimeClient()).container.getById(container.getId())
  return {
    url: container.getConnectionUri(),
    kill: async () => {
      await handle.kill({ signal: 'SIGKILL' })
      await handle.wait()
    },
    start: () => handle.start(),
  }
}
