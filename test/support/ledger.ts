import type { Test } from 'tap'
import type { Signer } from '../../src/domain/signed-note.ts'
import { openCheckpointFolder } from '../../src/jobs/ledger/checkpoint-folder.ts'
import type { LedgerJob } from '../../src/jobs/ledger/publish.ts'
import { makeFolder } from './process.ts'
import type { Service } from './service.ts'

/** The ledger's job of one instance, with a checkpoint folder of its own or a shared one. */
export async function ledgerJob(
  t: Test,
  { db, signers }: Pick<Service, 'db' | 'signers'>,
  more: { folder?: string; signers?: [Signer, ...Signer[]] } = {},
): Promise<LedgerJob> {
  const folder = await openCheckpointFolder(more.folder ?? (await makeFolder(t)))
  return { db, folder, signers: more.signers ?? signers }
}
