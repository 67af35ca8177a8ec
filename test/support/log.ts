import { generateKeyPairSync } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { signCheckpoint } from '../../src/domain/checkpoint.ts'
import { type Edge, edgeOf, edgeTiles, grow, rootOfEdge } from '../../src/domain/merkle.ts'
import { type Signer, signerOf } from '../../src/domain/signed-note.ts'
import { readTiles } from '../../src/store/log-proofs.ts'

/** A key that signs checkpoints of the tests' log. */
export function makeSigner(): Signer {
  return signerOf('gomask.test', generateKeyPairSync('ed25519').privateKey)
}

/** Puts every entry that waits into the log and publishes a checkpoint, which it answers. */
export async function publishLog(db: Database, ...signers: [Signer, ...Signer[]]): Promise<string> {
  const [state] = await rows<{ size: number }>(db.orm, 'log_size', sql`select size::float8 from log_state`)
  const waiting = await rows<{ id: string; hash: string }>(
    db.orm,
    'waiting_for_log',
    sql`select e.id, encode(e.entry_hash, 'base64') as hash from log_pending p join ledger_entries e on e.id = p.entry_id
        order by e.recorded_at, e.person_id, e.seq`,
  )
  const size = state?.size ?? 0
  const before: Edge = edgeOf(size, await readTiles(db.orm, edgeTiles(size)))
  const { edge, tiles } = grow(
    before,
    waiting.map(({ hash }) => Buffer.from(hash, 'base64')),
  )
  const root = rootOfEdge(edge)
  const note = signCheckpoint({ origin: signers[0].name, size: edge.size, root }, signers)
  const run = (query: ReturnType<typeof sql>) => db.orm.execute(query)
  for (const [nth, { id }] of waiting.entries()) await run(sql`insert into log_leaves values (${size + nth}, ${id})`)
  for (const { level, index, hashes } of tiles) {
    const bytes = Buffer.concat(hashes).toString('hex')
    await run(sql`insert into log_tiles values (${level}, ${index}, decode(${bytes}, 'hex'))
      on conflict (level, index) do update set hashes = excluded.hashes`)
  }
  if (waiting.length > 0) {
    await run(sql`update log_state set size = ${edge.size}, root = decode(${root.toString('hex')}, 'hex')`)
  }
  await run(sql`delete from log_pending`)
  await run(sql`insert into log_checkpoints values (${edge.size}, ${note}) on conflict do nothing`)
  for (const { line } of signers) await run(sql`insert into log_keys values (${line}) on conflict do nothing`)
  return note
}
