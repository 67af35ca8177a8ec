import pg from 'pg'
import { until } from '../../support/until.ts'
import { percentile } from '../measure.ts'
import { serveRegulator } from '../regulator.ts'

const ASKED = 500

/** How long a proof takes over HTTP, one at a time. */
export async function proofs(url: string, entries: number): Promise<Record<string, number>> {
  const server = await serveRegulator(url)
  const ask = async (path: string) => void (await (await server.get(path)).arrayBuffer())
  await until('no checkpoint', () => ask('/v1/ledger/checkpoint').then(() => true))
  const inclusion: number[] = []
  for (const id of await someEntries(url))
    inclusion.push(await millisecondsOf(() => ask(`/v1/ledger/inclusion-proof?entry=${id}`)))
  const consistency: number[] = []
  for (let n = 1; n <= ASKED; n++) {
    const from = Math.ceil((entries * n) / ASKED)
    consistency.push(await millisecondsOf(() => ask(`/v1/ledger/consistency-proof?from=${from}`)))
  }
  await server.stop()
  const rounded = (values: number[], share: number) => Math.round(percentile(values, share) * 100) / 100
  return {
    'inclusion proof over HTTP, ms (median)': rounded(inclusion, 0.5),
    'inclusion proof over HTTP, ms (p99)': rounded(inclusion, 0.99),
    'consistency proof over HTTP, ms (median)': rounded(consistency, 0.5),
  }
}

async function someEntries(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select entry_id as id from log_leaves order by random() limit $1', [ASKED])
  await client.end()
  return rows.map(({ id }) => id)
}

async function millisecondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
