import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { loadSigningKey, signToken } from '../../../src/http/keys.ts'
import { percentile, startServer } from '../measure.ts'

const ASKED = 500

/** How long a proof takes over HTTP, one at a time. */
export async function proofs(url: string, entries: number): Promise<Record<string, number>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  const server = await startServer({ DATABASE_URL: url, DATA_DIR: dataDir, CHECKPOINT_SECONDS: '1' })
  const key = await loadSigningKey({ DATA_DIR: dataDir })
  const token = await signToken(key, { role: 'regulator', subject: 'bench', territories: ['FR'], ttlSeconds: 3600 })
  const headers = { authorization: `Bearer ${token}` }
  const ask = async (path: string) => {
    const answer = await fetch(`${server.url}${path}`, { headers })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    await answer.arrayBuffer()
  }
  while (!(await fetch(`${server.url}/v1/ledger/checkpoint`, { headers })).ok);
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
