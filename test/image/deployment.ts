import pg from 'pg'
import { until } from '../support/until.ts'
import { addressOf, docker, logs, publishedPort } from './docker.ts'

const PASSWORD = 'only-for-this-check'

/** The image under test and its database, each in a container, on a network of their own. */
export interface Deployment {
  /** The service's container, for `docker exec`, `kill` and `wait`. */
  service: string
  /** Where the service answers: `http://127.0.0.1:…`. */
  url: string
  /** A pool of connections to the service's database. */
  database: pg.Pool
  /** What the service has logged. */
  logs(): Promise<string>
  /** Removes all of it. */
  remove(): Promise<void>
}

/** Starts the database and the service at once, as an orchestrator would, and waits until the service is ready. */
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
    const address = connectionString(await addressOf(database), 5432)
    await docker(
      'run',
      ...own,
      '--name',
      service,
      '--env',
      `DATABASE_URL=${address}`,
      '--publish',
      '127.0.0.1::3000',
      image,
    )
    const url = `http://127.0.0.1:${await publishedPort(service, 3000)}`
    await until(
      `${url}/readyz did not answer 200`,
      async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    )
    const pool = new pg.Pool({ connectionString: connectionString('127.0.0.1', await publishedPort(database, 5432)) })
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

function connectionString(host: string, port: number): string {
  return `postgres://postgres:${PASSWORD}@${host}:${port}/postgres`
}
