import { once } from 'node:events'
import { finished, type Readable } from 'node:stream'
import pg from 'pg'
import { to } from 'pg-copy-streams'

const CONNECT_MS = 5_000

/**
 * Rows stream in the order of an index from the first on. Hashing or sorting them all would be as fast, but would write
 * them to the server's disk beforehand: a minute without an answer at 26 million. With pages free of charge the planner
 * counts what is done with rows alone, by which the walk in order wins unless few are selected. One process, as each has a
 * core of the database.
 */
export const STREAMING = [
  '-c timezone=UTC -c jit=off -c max_parallel_workers_per_gather=0',
  '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c seq_page_cost=0 -c random_page_cost=0',
].join(' ')

/**
 * Starts a COPY … TO STDOUT on a connection of its own and answers its rows once the first have come. The reader holds the
 * server back; whichever way the stream ends, the connection ends with it.
 */
export async function copyOut(url: string, settings: string, statement: string): Promise<Readable> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'gomask export',
    options: `${settings} ${STREAMING}`,
  })
  client.on('error', () => {}) // The copy fails with it, which is where it is handled.
  await client.connect()
  const copy = client.query(to(statement))
  copy.on('error', () => copy.destroy())
  // Under way, this breaks the connection off; the server then gives up as soon as it writes to it.
  finished(copy, () => void client.end())
  await once(copy, 'readable')
  return copy
}
