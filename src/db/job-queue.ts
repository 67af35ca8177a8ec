import { PgBoss } from 'pg-boss'
import type { Owner } from './database.ts'
import { MigrationRefused } from './migrate.ts'

/** The schema that the job queue's own tables are in. */
export const QUEUE_SCHEMA = 'pgboss'

/** When each job runs, as a cron expression in UTC. */
const schedule = {
  'expire-holds': '* * * * *',
  'tell-events': '* * * * *',
  'forget-idempotency-keys': '17 3 * * *',
  'apply-retention': '47 2 * * *',
  // Most runs find nothing to do: a day that could not be anchored in one is in the next.
  'anchor-days': '27 * * * *',
  'forget-deliveries': '7 3 * * *',
}

export type JobName = keyof typeof schedule

/** The queue of lanes of webhooks that have something to deliver; the lane says what. */
export const LANES = 'deliver-webhooks'

// One job a lane. Of an attempt that failed it says when the next one is: after 2.5 to 5 s, twice as long each time,
// and every two hours in the end. The lane gives up by itself, long before the queue would.
const lanes = {
  policy: 'exclusive',
  retryLimit: 10_000,
  retryDelay: 5,
  retryBackoff: true,
  retryDelayMax: 7_200,
  // Longer than any work on a lane takes; what a process that was killed has left is taken up then.
  expireInSeconds: 60,
  deleteAfterSeconds: 600,
}

/** Creates or upgrades the queue's tables and the schedule with the owner's rights, and lets the service use them. */
export async function prepareJobs(owner: Owner): Promise<void> {
  const boss = queueOf(owner)
  await boss.start()
  for (const [name, cron] of Object.entries(schedule)) {
    await boss.createQueue(name, { policy: 'stately' })
    await boss.schedule(name, cron)
  }
  await boss.createQueue(LANES, lanes)
  await boss.stop({ graceful: false })
  await owner.script(`
    grant usage on schema ${QUEUE_SCHEMA} to gomask_app;
    grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to gomask_app;
    grant execute on all functions in schema ${QUEUE_SCHEMA} to gomask_app`)
}

/** Refuses (MigrationRefused) a database whose queue is not this program's, naming the command that prepares it. */
export async function requireJobs(owner: Owner, command: string): Promise<void> {
  const boss = queueOf(owner, { migrate: false })
  const queues = await boss.start().then(
    () => boss.getQueues(),
    (error: Error) => (/^pg-boss /.test(error.message) ? [] : Promise.reject(error)),
  )
  await boss.stop({ graceful: false })
  if ([...Object.keys(schedule), LANES].every((name) => queues.some((queue) => queue.name === name))) return
  throw new MigrationRefused(`the job queue is not that of this program; run: ${command}`)
}

function queueOf(owner: Owner, more: { migrate?: boolean } = {}): PgBoss {
  return new PgBoss({
    schema: QUEUE_SCHEMA,
    db: { executeSql: async (text, values) => ({ rows: await owner.rows(text, values) }) },
    supervise: false,
    schedule: false,
    ...more,
  })
}
