import pg from 'pg'
import { withAllRights } from './database.ts'
import type { Service } from './service.ts'

/** The database with all rights. */
export interface Superuser {
  run(statement: string): Promise<{ rows: unknown[] }>
  end(): Promise<unknown>
}

/** The database with all rights: the embedded one has one connection, which takes them back for a while. */
export async function superuser({ url, db }: Pick<Service, 'url' | 'db'>): Promise<Superuser> {
  if (url === undefined) {
    await db.foreign('reset role')
    return { run: (statement) => db.foreign(statement), end: () => db.foreign('set role gomask_app') }
  }
  const client = new pg.Client({ connectionString: withAllRights(url) })
  await client.connect()
  return { run: (statement) => client.query(statement), end: () => client.end() }
}

/** Does what only somebody with all rights and bad intentions does: triggers and foreign keys are off. */
export async function tamper(service: Pick<Service, 'url' | 'db'>, ...statements: string[]): Promise<void> {
  const { run, end } = await superuser(service)
  try {
    await run('set session_replication_role = replica')
    for (const statement of statements) await run(statement)
  } finally {
    await run('set session_replication_role = origin')
    await end()
  }
}
