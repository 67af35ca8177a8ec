import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signToken } from '../../src/http/tokens.ts'
import { loadSigningKeys } from '../../src/keys/signing-keys.ts'
import { type BenchServer, startServer } from './measure.ts'

/** A server over a database, asked by a regulator for the whole country. */
export async function serveRegulator(
  url: string,
): Promise<BenchServer & { get(path: string, accept?: string): Promise<Response> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gomask-bench-'))
  const server = await startServer({ DATABASE_URL: url, DATA_DIR: dataDir, CHECKPOINT_SECONDS: '1' })
  const [key] = await loadSigningKeys({ DATA_DIR: dataDir })
  const token = await signToken(key, { role: 'regulator', subject: 'bench', territories: ['FR'], ttlSeconds: 3600 })
  return {
    ...server,
    get: async (path, accept = 'application/json') => {
      const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}`, accept } })
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
      return answer
    },
  }
}
