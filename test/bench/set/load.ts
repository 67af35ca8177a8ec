import pg from 'pg'
import { showProgress } from '../../../src/cli/progress.ts'
import { prepareJobs } from '../../../src/db/job-queue.ts'
import { migrate } from '../../../src/db/migrate.ts'
import { openServerOwner } from '../../../src/db/server-owner.ts'
import type { Instant } from '../../../src/domain/instant.ts'
import { ledgerStart } from './entries.ts'
import { fillLedger } from './fill-ledger.ts'
import { fillPlaces, fillRule } from './fill-places.ts'
import { placesOf } from './places.ts'
import type { SetSize } from './sizes.ts'

/** Brings an empty database up to date. */
export async function prepare(url: string): Promise<void> {
  const owner = await openServerOwner(url)
  await migrate(owner)
  await prepareJobs(owner)
  await owner.close()
}

/** Loads a set by COPY, with the triggers off, and with all its entries in the log. */
export async function loadSet(url: string, size: Omit<SetSize, 'diskGigabytes'>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // Where the work has failed, the database is dropped under it.
  await client.connect()
  await client.query('set session_replication_role = replica; set synchronous_commit = off')
  await fillRule(client)
  const places = placesOf(size)
  await withBar('professionals', size.persons, (at) => fillPlaces(client, size, places, at))
  const plan = { ...size, start: ledgerStart(Date.now()) }
  await withBar('ledger entries', size.entries, (at) => fillLedger(client, plan, at))
  await client.query('set session_replication_role = origin')
  // Not in parallel: a container's shared memory is small.
  await client.query('vacuum (analyze, parallel 0)')
  await client.end()
}

/** Takes the log of a set away again, so that all its entries wait for their place in it. */
export async function forgetLog(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('set session_replication_role = replica')
  await client.query('truncate log_leaves, log_tiles, audit_totals, audit_totals_by_pharmacy')
  await client.query(`update log_state set size = 0, root = sha256('')`)
  await client.query('insert into log_pending (entry_id) select id from ledger_entries order by id')
  await client.query('vacuum analyze log_pending')
  await client.end()
}

async function withBar(what: string, total: number, work: (at: (done: number) => void) => Promise<void>) {
  const progress = showProgress(what)
  const started = performance.now()
  await work((done) => progress.at(done, total))
  progress.end(`${total} ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** When the first entry of a loaded set was recorded. */
export async function startOf(url: string): Promise<Instant> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select recorded_at as at from ledger_entries order by id limit 1')
  await client.end()
  return rows[0].at.getTime()
}
