import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Client } from 'pg'
import { statementOf } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { additionToTotals } from '../../../src/store/totals.ts'
import { copyText } from './copy-rows.ts'
import type { LedgerPlan } from './entries.ts'
import type { SealedBatch } from './sealing.ts'

const TABLES = ['ledger_entries', 'ledger_lines', 'ledger_payloads', 'log_leaves', 'log_tiles']

/**
 * Fills the ledger with a true chain a person, and its log, as the service would have, in one transaction: by COPY with
 * the triggers off and into tables without the indexes that are not in the order of time, which are built afterwards.
 */
export async function fillLedger(client: Client, plan: LedgerPlan, onProgress: (done: number) => void): Promise<void> {
  await client.query('begin')
  // Rows of a table that was emptied in the same transaction are written as frozen: no vacuum writes them once more.
  await client.query(`truncate ${[...TABLES, 'ledger_heads'].join(', ')} cascade`)
  const rebuild = await dropIndexes(client)
  for await (const { rows, done, root } of sealedBatches(plan)) {
    for (const [table, text] of Object.entries(rows)) {
      await copyText(client, `copy ${table} from stdin (freeze)`, text)
    }
    if (root) await client.query(`update log_state set size = ${plan.entries}, root = '\\x${root}'`)
    onProgress(done)
  }
  await client.query(`set local maintenance_work_mem = '1GB'; set local work_mem = '512MB'`)
  for (const statement of rebuild) await client.query(statement)
  await client.query(`analyze ${TABLES.join(', ')}`)
  await client.query(statementOf(additionToTotals(sql`true`)).text)
  await client.query('commit')
}

async function* sealedBatches(plan: LedgerPlan): AsyncGenerator<SealedBatch> {
  const worker = new Worker(new URL('sealing.ts', import.meta.url), { workerData: plan })
  const ask = () => {
    const answer = once(worker, 'message')
    worker.postMessage('next')
    return answer
  }
  try {
    let coming = ask()
    for (;;) {
      const [batch]: SealedBatch[] = await coming
      if (!batch) throw new Error('no batch came')
      if (batch.root !== undefined) return yield batch
      coming = ask()
      yield batch
    }
  } finally {
    await worker.terminate()
  }
}

/** Drops what foreign keys do not need, and answers the statements that build it again. */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query(
    `select i.indexrelid::regclass::text as index, i.indrelid::regclass::text as table, c.conname as constraint,
       coalesce('alter table ' || i.indrelid::regclass || ' add constraint ' || quote_ident(c.conname) || ' '
         || pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid)) as definition
     from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('u', 'x')
     where i.indrelid = any ($1::regclass[]) and not i.indisprimary`,
    [TABLES],
  )
  for (const { index, table, constraint } of rows) {
    await client.query(constraint ? `alter table ${table} drop constraint ${constraint}` : `drop index ${index}`)
  }
  return rows.map(({ definition }) => definition)
}
