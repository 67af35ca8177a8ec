import { PgBoss } from 'pg-boss'
import type { Database, Owner } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { expireHolds } from '../features/reservations/expire.ts'
import { forgetExpiredKeys } from '../store/idempotency.ts'
import { applyRetention, type Periods } from './retention.ts'

const SCHEMA = 'pgboss'

interface Job {
  name: string
  cron: string
  run(db: Database, periods: Periods): Promise<unknown>
}

// pg-boss gives a job up after a quarter of an hour; what is left then is for the next night.
const RETENTION_MS = 10 * 60_000

const jobs: Job[] = [
  { name: 'expire-holds', cron: '* * * * *', run: runExpireHolds },
  { name: 'forget-idempotency-keys', cron: '17 3 * * *', run: (db) => forgetExpiredKeys(db) },
  { name: 'apply-retention', cron: '47 2 * * *', run: runRetention },
]

/** Ends all holds that have expired, a batch a transaction. */
async function runExpireHolds(db: Database): Promise<void> {
  while ((await inTransaction(db, expireHolds)) > 0);
}

function runRetention(db: Database, periods: Periods): Promise<unknown> {
  return applyRetention(db, periods, { withinMs: RETENTION_MS })
}

/** Creates or upgrades the queue's tables and the schedule, with the owner's rights, and grants the service their use. */
export async function prepareJobs(owner: Owner): Promise<void> {
  const boss = new PgBoss({
    schema: SCHEMA,
    db: { executeSql: async (text, values) => ({ rows: await owner.rows(text, values) }) },
    supervise: false,
    schedule: false,
  })
  await boss.start()
  for (const { name, cron } of jobs) {
    await boss.createQueue(name, { policy: 'stately' })
    await boss.schedule(name, cron)
  }
  await boss.stop({ graceful: false })
  await owner.script(`
    grant usage on schema ${SCHEMA} to gomask_app;
    grant select, insert, update, delete on all tables in schema ${SCHEMA} to gomask_app;
    grant execute on all functions in schema ${SCHEMA} to gomask_app`)
}

/** Works the jobs in this process until stopped; several processes share them, each job run once. */
export async function startJobs(
  db: Database,
  periods: Periods,
  onError: (error: Error) => void,
): Promise<{ stop(): Promise<void> }> {
  const boss = new PgBoss({
    schema: SCHEMA,
    db: { executeSql: (text, values) => db.foreign(text, values) as Promise<{ rows: never[] }> },
    migrate: false,
    createSchema: false,
  })
  boss.on('error', onError)
  await boss.start()
  for (const { name, run } of jobs) {
    await boss.work(name, () =>
      run(db, periods).catch((error: Error) => {
        onError(error)
        // The queue keeps what is thrown, and a statement's parameters may be national numbers.
        throw new Error(`${name} failed`)
      }),
    )
  }
  return { stop: () => boss.stop({ graceful: true, timeout: 5_000 }) }
}
