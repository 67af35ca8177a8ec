import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { until } from '../support/until.ts'
import { addressOf, docker, logs, publishedPort } from './docker.ts'

const PASSWORD = 'only-for-this-check'
const LOGINS = fileURLToPath(new URL('../../deploy/logins.sql', import.meta.url))

/** The image under test and its database, each in a container, on a network of their own. */
export interface Deployment {
  /** The service's container, for `docker exec`, `kill` and `wait`. */
  service: string
  /** Where the service answers: `http://127.0.0.1:…`. */
  url: string
  /** An administrator's pool of connections to the service's database. */
  database: pg.Pool
  /** What the service has logged. */
  logs(): Promise<string>
  /** Removes all of it. */
  remove(): Promise<void>
}

/**
 * Starts the database, gives it the logins of a deployment, migrates it with the owner's and starts the service with
 * its own, as `deploy/compose.yaml` does, and waits until the service is ready.
 */
export async function deploy(image: string, databaseImage: string): Promise<Deployment> {
  const name = `gomask-check-${process.pid}`
  const [database, service] = [`${name}-database`, `${name}-service`]
  const remove = async () => {
    for (const container of [service, database]) await docker('rm', '--force', '--volumes', container).catch(() => {})
    await docker('network', 'rm', name).catch(() => {})
  }
  try {
    await docker('network', 'create', name)
    const own = ['--detach', '--network', name]
    const secret = ['--env', `POSTGRES_PASSWORD=${PASSWORD}`, '--publish', '127.0.0.1::5432']
    await docker('run', ...own, '--name', database, ...secret, databaseImage)
    await docker('cp', LOGINS, `${database}:/tmp/logins.sql`)
    await until('the logins could not be made', () => makesLogins(database))
    const host = await addressOf(database)
    const asLogin = (login: string) => ['--env', `DATABASE_URL=${connectionString(login, host, 5432, 'gomask')}`]
    const onNetwork = ['--network', name]
    await docker('run', '--rm', ...onNetwork, ...asLogin('gomask_owner'), image, 'gomask', 'migrate')
    const strictly = [...asLogin('gomask_service'), '--env', 'STRICT_ROLES=true']
    await docker('run', ...own, '--name', service, ...strictly, '--publish', '127.0.0.1::3000', image)
    const url = `http://127.0.0.1:${await publishedPort(service, 3000)}`
    await until(
      `${url}/readyz did not answer 200`,
      async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    )
    const port = await publishedPort(database, 5432)
    const pool = new pg.Pool({ connectionString: connectionString('postgres', '127.0.0.1', port, 'gomask') })
    return {
      service,
      url,
      database: pool,
      logs: () => logs(service),
      remove: async () => {
        await pool.end()
        await remove()
      },
    }
  } catch (error) {
    console.log(await logs(service).catch(() => 'The service was not started.'))
    await remove()
    throw error
  }
}

// Again where it was cut off: the image starts a first server to set itself up, and stops it.
async function makesLogins(database: string): Promise<boolean> {
  const passwords = ['PGPASSWORD', 'OWNER_PASSWORD', 'SERVICE_PASSWORD'].flatMap((name) => [
    '--env',
    `${name}=${PASSWORD}`,
  ])
  const psql = ['psql', '--host', '127.0.0.1', '--username', 'postgres', '--file', '/tmp/logins.sql', 'postgres']
  return docker('exec', ...passwords, database, ...psql).then(
    () => true,
    () => false,
  )
}

function connectionString(login: string, host: string, port: number, database: string): string {
  return `postgres://${login}:${PASSWORD}@${host}:${port}/${database}`
}
