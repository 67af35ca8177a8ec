import { generateKeyPairSync } from 'node:crypto'
import type { Database } from '../../src/db/database.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { signCheckpoint } from '../../src/domain/checkpoint.ts'
import { type Signer, signerOf } from '../../src/domain/signed-note.ts'
import { insertCheckpoint, recordKeys } from '../../src/store/checkpoints.ts'
import { readLogState, sequenceBatch } from '../../src/store/merkle-log.ts'
import { rootAt } from '../../src/store/merkle-log-proofs.ts'

/** A key that signs checkpoints of the tests' log. */
export function makeSigner(): Signer {
  return signerOf('gomask.test', generateKeyPairSync('ed25519').privateKey)
}

/** Puts every entry that waits into the log and publishes a checkpoint, which it answers. */
export async function publishLog(db: Database, ...signers: [Signer, ...Signer[]]): Promise<string> {
  while ((await inTransaction(db, sequenceBatch)) > 0);
  const { size } = await readLogState(db)
  const note = signCheckpoint({ origin: signers[0].name, size, root: await rootAt(db, size) }, signers)
  for (const { line } of signers) await recordKeys(db, [line])
  await insertCheckpoint(db, size, note)
  return note
}

/** How many records a service's log holds beside the first entry: rules and links of before, and a world's rule. */
export const FIRST_RECORDS = 3
