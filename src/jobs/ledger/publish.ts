import type { Database, Queryable } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../../domain/checkpoint.ts'
import { type Signer, type Verifier, verifierOf } from '../../domain/signed-note.ts'
import { insertCheckpoint, knownKeys, newestCheckpoint } from '../../store/checkpoints.ts'
import { readLogState, sequenceUpTo } from '../../store/merkle-log.ts'
import { rootAt } from '../../store/merkle-log-proofs.ts'
import { waitForStandby } from '../../store/replication.ts'
import type { CheckpointFolder } from './checkpoint-folder.ts'

/** The database does not continue what was published: an old backup, a fork, or a forgery. The message says which. */
export class LogDiverged extends Error {}

/** What the ledger's job needs. */
export interface LedgerJob {
  db: Database
  folder: CheckpointFolder
  signers: [Signer, ...Signer[]]
}

/**
 * Makes sure that the database extends both the last checkpoint kept outside it and its own last one. If a crash came
 * between storing the two, copies the newer one to where it is missing. Returns the published size. Throws LogDiverged.
 */
export async function requireContinuation({ db, folder, signers }: LedgerJob): Promise<number> {
  const [keptNote, stored, lines] = await Promise.all([folder.newest(), newestCheckpoint(db), knownKeys(db)])
  const verifiers = [...signers, ...lines.flatMap((line) => verifierOf(line) ?? [])]
  const kept = keptNote === undefined ? undefined : read(keptNote, verifiers, 'kept outside the database')
  const published = stored && read(stored.note, verifiers, 'in the database')
  for (const checkpoint of [kept, published]) {
    if (checkpoint) await requireExtends(db, checkpoint, signers[0].name)
  }
  if (stored && published && published.size > (kept?.size ?? -1)) await folder.keep(stored.note)
  if (kept && keptNote !== undefined && kept.size > (published?.size ?? -1)) {
    await insertCheckpoint(db, kept.size, keptNote)
  }
  return Math.max(kept?.size ?? 0, published?.size ?? 0)
}

/** Signs and publishes a checkpoint of the present log, unless that size is already published. */
export async function publish({ db, folder, signers }: LedgerJob, publishedSize: number): Promise<void> {
  const { size } = await readLogState(db)
  if (size <= publishedSize) return
  const note = signCheckpoint({ origin: signers[0].name, size, root: await rootAt(db, size) }, signers)
  // Places that were lost with this host would be given to other entries elsewhere, under the same key.
  await inTransaction(db, async (tx) => waitForStandby(tx))
  // Outside first: then whatever anybody has been shown is known there, even if the database is restored from a backup.
  await folder.keep(note)
  await insertCheckpoint(db, size, note)
}

function read(note: string, verifiers: Verifier[], where: string): Checkpoint {
  const checkpoint = openCheckpoint(note, verifiers)
  if (!checkpoint) throw new LogDiverged(`the last checkpoint ${where} is not signed by a key of this log`)
  return checkpoint
}

async function requireExtends(db: Database, last: Checkpoint, origin: string): Promise<void> {
  if (last.origin !== origin) {
    throw new LogDiverged(`the last checkpoint is of the log ${last.origin}, and LEDGER_ORIGIN says ${origin}`)
  }
  // Read after the checkpoint: another instance may be adding to the log, which never shrinks.
  const { size } = await readLogState(db)
  if (size < last.size) await catchUp(db, last)
  else if (last.size > 0) await requireRoot(db, last)
}

/**
 * Places entries that wait exactly as far as was published. A standby that takes over may have the entries, and not yet
 * their places, when the checkpoint has left the primary already: nothing is lost then, if the roots agree.
 */
async function catchUp(db: Database, last: Checkpoint): Promise<void> {
  await inTransaction(db, async (tx) => {
    const size = await sequenceUpTo(tx, last.size)
    if (size < last.size) {
      throw new LogDiverged(
        `the database holds ${size} entries of the log, and a checkpoint of ${last.size} was published`,
      )
    }
    await requireRoot(tx, last)
  })
}

async function requireRoot(db: Queryable, { size, root }: Checkpoint): Promise<void> {
  if ((await rootAt(db, size)).equals(root)) return
  throw new LogDiverged(`the first ${size} entries of the log are not those that were published`)
}
