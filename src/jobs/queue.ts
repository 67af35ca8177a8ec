import type { Database } from '../db/database.ts'
import type { JobName } from '../db/job-queue.ts'
import { inTransaction } from '../db/transaction.ts'
import { tellInForce } from '../features/allocation-rules/queries.ts'
import { expireHolds } from '../features/reservations/expire.ts'
import { forgetDeliveries } from '../features/webhooks/delivery-queries.ts'
import { logEvents } from '../store/event-log.ts'
import { forgetExpiredKeys } from '../store/idempotency.ts'
import { anchorDays } from './anchor-days.ts'
import { openBoss } from './boss.ts'
import { applyRetention, type Periods } from './retention.ts'

type Job = (db: Database, periods: Periods) => Promise<unknown>

// pg-boss abandons a job after a quarter of an hour; what is left then waits for the next night.
const NIGHTLY_MS = 10 * 60_000

/** What each scheduled job does. */
const jobs: Record<JobName, Job> = {
  'expire-holds': runExpireHolds,
  'tell-events': runTellEvents,
  'forget-idempotency-keys': runForgetExpiredKeys,
  'apply-retention': (db, periods) => applyRetention(db, periods, { withinMs: NIGHTLY_MS }),
  'forget-deliveries': runForgetDeliveries,
  'anchor-days': (db) => anchorDays(db, { withinMs: NIGHTLY_MS }),
}

/** Ends all expired holds, one batch per transaction. */
async function runExpireHolds(db: Database): Promise<void> {
  while ((await inTransaction(db, expireHolds)) > 0);
}

/** Tells of rules that came into force, and gives events their places, so that a first reader finds them in the log. */
async function runTellEvents(db: Database): Promise<void> {
  await inTransaction(db, tellInForce)
  while ((await logEvents(db)) > 0);
}

/** Deletes all expired keys, one batch per statement, while there is time. */
async function runForgetExpiredKeys(db: Database): Promise<void> {
  const started = performance.now()
  while ((await forgetExpiredKeys(db)) > 0 && performance.now() - started < NIGHTLY_MS);
}

/** Deletes what is known of old deliveries, one batch per statement, while there is time. */
async function runForgetDeliveries(db: Database, { EVENT_RETENTION_DAYS: days }: Periods): Promise<void> {
  const started = performance.now()
  while ((await forgetDeliveries(db, days)) > 0 && performance.now() - started < NIGHTLY_MS);
}

/** Runs jobs in this process until stopped. Several processes share them, and each job runs once. */
export async function startJobs(
  db: Database,
  periods: Periods,
  onError: (error: Error) => void,
): Promise<{ stop(): Promise<void> }> {
  const boss = openBoss(db, {
    superviseIntervalSeconds: 30,
    monitorIntervalSeconds: 30,
    maintenanceIntervalSeconds: 600,
  })
  boss.on('error', onError)
  await boss.start()
  for (const [name, run] of Object.entries(jobs)) {
    await boss.work(name, () =>
      run(db, periods).catch((error: Error) => {
        onError(error)
        // The queue stores what is thrown, and a statement's parameters may be national numbers.
        throw new Error(`${name} failed`)
      }),
    )
  }
  return { stop: () => boss.stop({ graceful: true, timeout: 5_000 }) }
}
