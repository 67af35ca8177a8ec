import { once } from 'node:events'
import { finished, type Readable } from 'node:stream'
import pg from 'pg'
import { to } from 'pg-copy-streams'

const CONNECT_MS = 5_000

/**
 * Makes rows stream in index order from the start. Hashing or sorting them all would be as fast, but would first write
 * them to the server's disk: a minute without an answer at 26 million. With pages costing nothing, the planner only
 * counts the work on rows, so that the walk in order wins unless few rows are selected. No parallel workers, since each
 * would take a core of the database.
 * @internal
 */
export const STREAMING = [
  '-c timezone=UTC -c jit=off -c max_parallel_workers_per_gather=0',
  '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c seq_page_cost=0 -c random_page_cost=0',
].join(' ')

/**
 * Starts a COPY … TO STDOUT on a separate connection and returns its stream once the first rows have come. The reader
 * sets the server's pace, and however the stream ends, the connection ends with it.
 */
export async function copyOut(url: string, settings: string, statement: string): Promise<Readable> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'gomask export',
    options: `${settings} ${STREAMING}`,
  })
  client.on('error', () => {}) // The copy fails too, and handles it.
  await client.connect()
  const copy = client.query(to(statement))
  copy.on('error', () => copy.destroy())
  // During a copy this cuts the connection; the server gives up at its next write.
  finished(copy, () => void client.end())
  await once(copy, 'readable')
  return copy
}
