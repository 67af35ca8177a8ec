import { once } from 'node:events'
import { addAbortSignal, finished, type Readable } from 'node:stream'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import { noticeClosing } from './server-queries.ts'
import { connectionWith, type Settings } from './settings.ts'

const CONNECT_MS = 5_000

/**
 * Makes rows stream in index order from the start. Hashing or sorting them all would be as fast, but would first write
 * them to the server's disk: a minute without an answer at 26 million. With pages costing nothing, the planner only
 * counts the work on rows, so that the walk in order wins unless few rows are selected. No parallel workers, since each
 * would take a core of the database.
 * @internal
 */
export const STREAMING: Settings = {
  max_parallel_workers_per_gather: '0',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  seq_page_cost: '0',
  random_page_cost: '0',
}

/**
 * Starts a COPY … TO STDOUT on a separate connection and returns its stream once the first rows have come. The reader
 * sets the server's pace, and however the stream ends, the connection ends with it: at once when nobody wants the rows
 * any more (`gone`), though none have come yet.
 */
export async function copyOut(
  url: string,
  settings: Settings,
  statement: string,
  gone: AbortSignal | undefined,
): Promise<Readable> {
  gone?.throwIfAborted()
  const client = new pg.Client({
    ...connectionWith(url, { ...settings, ...STREAMING }),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'gomask export',
  })
  client.on('error', () => {}) // The copy fails too, and handles it.
  await client.connect()
  await noticeClosing(client)
  const copy = client.query(to(statement))
  copy.on('error', () => copy.destroy())
  // During a copy this cuts the connection, which the server notices without having anything to write.
  finished(copy, () => void client.end())
  if (gone) addAbortSignal(gone, copy)
  await once(copy, 'readable')
  return copy
}
