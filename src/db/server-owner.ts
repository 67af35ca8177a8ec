import pg from 'pg'
import type { Owner } from './database.ts'
import { connectionWith, RELIED_ON, type Settings } from './settings.ts'

// Migrations take as long as they need, and say themselves how long they wait for a lock.
const OWNER_SETTINGS: Settings = {
  ...RELIED_ON,
  lock_timeout: '0',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/** Opens a single connection with the login role's own rights. */
export async function openServerOwner(url: string): Promise<Owner> {
  const client = new pg.Client({
    ...connectionWith(url, OWNER_SETTINGS),
    application_name: 'gomask migrate',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {})
  await client.connect()
  return {
    script: async (sql) => void (await client.query(sql)),
    rows: async (sql, values) => lastOf(await client.query(sql, values)).rows,
    close: () => client.end(),
  }
}

// pg returns a list of results for several statements, whatever its types say.
function lastOf(answer: pg.QueryResult | pg.QueryResult[]): pg.QueryResult {
  const [last] = [answer].flat().slice(-1)
  if (!last) throw new Error('no statement was sent')
  return last
}
