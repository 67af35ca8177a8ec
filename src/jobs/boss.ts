import { type ConstructorOptions, PgBoss } from 'pg-boss'
import type { Database } from '../db/database.ts'
import { QUEUE_SCHEMA } from '../db/job-queue.ts'

/** The job queue with the service's own rights, over its own connections. */
export function openBoss(db: Database, more: Pick<ConstructorOptions, BossOption> = {}): PgBoss {
  return new PgBoss({
    schema: QUEUE_SCHEMA,
    db: { executeSql: (text, values) => db.foreign(text, values) as Promise<{ rows: never[] }> },
    migrate: false,
    createSchema: false,
    ...more,
  })
}

type BossOption =
  | 'supervise'
  | 'schedule'
  | 'superviseIntervalSeconds'
  | 'monitorIntervalSeconds'
  | 'maintenanceIntervalSeconds'
