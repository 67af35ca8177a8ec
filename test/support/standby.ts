import pg from 'pg'
import type { Test } from 'tap'
import { serverUrl } from './database.ts'
import { addressFor } from './logins.ts'
import { type OwnPostgres, startPostgres } from './postgres-container.ts'
import { dockerAnswers } from './runner/docker-api.ts'
import { until } from './until.ts'

/** Why no standby can be made to stand still here; false if one can. */
export async function reasonToSkipStandby(): Promise<string | false> {
  if (!serverUrl) return 'the embedded database has no standby'
  return (await dockerAnswers(process.env)) ? false : 'no Docker API answers, and a standby must stand still'
}

/** A PostgreSQL with a standby that streams from it: the service's addresses, and a superuser's connection to each. */
export interface Pair {
  url: string
  standbyUrl: string
  primary: pg.Client
  standby: pg.Client
  /** Stops what streams to the standby, as a network that loses every packet does. Answers how to let it go on. */
  freeze(): Promise<() => Promise<void>>
  /** Makes the standby a primary of its own, which knows what it has and nothing more. */
  promote(): Promise<void>
}

/** Starts the two; a COMMIT waits for the standby if it is a synchronous one. They end with the test. */
export async function startPair(t: Test, { synchronous }: { synchronous: boolean }): Promise<Pair> {
  const postgres = await startPostgres(t)
  const standbyUrl = await postgres.startStandby()
  const [primary, standby] = [await superuserOf(t, postgres.url), await superuserOf(t, standbyUrl)]
  // It would connect anew to another sender after a minute of silence.
  await standby.query('alter system set wal_receiver_timeout = 0')
  await standby.query('select pg_reload_conf()')
  if (synchronous) {
    await primary.query(`alter system set synchronous_standby_names = '*'`)
    await primary.query('select pg_reload_conf()')
  }
  const state = synchronous ? 'sync' : 'async'
  const stateNow = async () => (await rowsOf(primary, 'select sync_state from pg_stat_replication'))[0]?.sync_state
  await until(`the standby never became ${state}`, async () => (await stateNow()) === state)
  return {
    url: postgres.serviceUrl,
    standbyUrl: addressFor('gomask_test_service', standbyUrl),
    primary,
    standby,
    freeze: () => freezeSender(postgres, primary),
    promote: () => postgres.run('pg_ctl -D /tmp/standby -w promote'),
  }
}

/** The rows of a statement. */
export async function rowsOf(client: pg.Client, statement: string): Promise<Record<string, unknown>[]> {
  return (await client.query(statement)).rows
}

async function superuserOf(t: Test, connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  await client.query('set synchronous_commit = local') // It must not wait for the standby itself.
  t.teardown(() => client.end())
  return client
}

async function freezeSender(postgres: OwnPostgres, primary: pg.Client): Promise<() => Promise<void>> {
  const [sender] = await rowsOf(primary, 'select pid from pg_stat_replication')
  await postgres.run(`kill -STOP ${sender?.pid}`)
  return () => postgres.run(`kill -CONT ${sender?.pid}`)
}
