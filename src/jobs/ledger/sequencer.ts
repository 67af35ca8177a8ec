import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { inTransaction } from '../../db/transaction.ts'
import { newestCheckpoint, recordKeys } from '../../store/checkpoints.ts'
import { type LogState, readLogState, sequence } from '../../store/merkle-log.ts'
import { adoptHistory } from './adopt.ts'
import { type LedgerJob, LogDiverged, publish, requireContinuation } from './publish.ts'

/** The state of the ledger's job, for metrics. */
export interface LedgerStatus extends LogState {
  /** The database does not continue what was published, and nothing is signed. */
  refused: boolean
}

/**
 * Gives new entries their place in the log and publishes a checkpoint over them, once. If the database does not
 * continue what was published, does nothing and throws LogDiverged.
 */
export async function sequenceAndPublish(job: LedgerJob): Promise<void> {
  const published = await requireContinuation(job)
  await recordKeys(
    job.db,
    job.signers.map(({ line }) => line),
  )
  await adoptHistory(job.db)
  while ((await inTransaction(job.db, sequence)) > 0);
  await publish(job, published)
}

/** Does this every `seconds` until stopped; any number of instances may do so at once. */
export function startSequencer(
  job: LedgerJob,
  options: { seconds: number; log: Logger; report: (status: LedgerStatus) => void },
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = run(job, options, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function run(
  job: LedgerJob,
  { seconds, log, report }: Parameters<typeof startSequencer>[1],
  signal: AbortSignal,
): Promise<void> {
  let trouble: Error | undefined
  await tellOfEmptyFolder(job, log).catch(() => {}) // What keeps it from reading the two is logged below.
  while (!signal.aborted) {
    const found = await sequenceAndPublish(job).then(
      () => undefined,
      (error: Error) => error,
    )
    // Logged once, not every few seconds for as long as it lasts.
    if (found?.message !== trouble?.message) tell(log, found)
    trouble = found
    await readLogState(job.db).then(
      (state) => report({ ...state, refused: trouble instanceof LogDiverged }),
      () => {}, // Logged above.
    )
    await wait(seconds * 1000, undefined, { signal }).catch(() => {})
  }
}

/** Right for a process that is new; a folder that was moved away or not mounted no longer guards against a fork. */
async function tellOfEmptyFolder({ db, folder }: LedgerJob, log: Logger): Promise<void> {
  const [kept, stored] = await Promise.all([folder.newest(), newestCheckpoint(db)])
  if (kept !== undefined || stored === undefined) return
  log.warn(
    { publishedSize: stored.size },
    'CHECKPOINT_DIR holds no checkpoint, although some were published: right only if this process is new',
  )
}

function tell(log: Logger, trouble: Error | undefined): void {
  if (trouble === undefined) log.info('the ledger is sequenced and signed again')
  else if (trouble instanceof LogDiverged) {
    log.fatal({ reason: trouble.message }, 'refusing to sequence and sign the ledger')
  } else log.error({ err: trouble }, 'the ledger could not be sequenced; trying again')
}
