import type { Config } from '../config.ts'
import { readClock } from '../db/clock.ts'
import type { Database } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { type Day, dayOf, forgottenUpTo, isAnchored, type Kept } from '../domain/anchored-day.ts'
import { DAY_MS } from '../domain/periods.ts'
import { Rejection } from '../domain/refusals.ts'
import { type Forgotten, forget } from '../features/professionals/retain.ts'
import { findDue } from '../features/professionals/retain-queries.ts'
import { type Actor, sayWho } from '../store/admin-acts.ts'
import { firstDay } from '../store/day-roots.ts'
import { appendRecord, isRecorded } from '../store/log-records.ts'
import { type AgingTable, countOlder, forgetOlder } from '../store/retention.ts'

const NIGHTLY: Actor = { role: 'job', name: 'gomask', act: 'apply-retention' }
const LONGEST_BATCH_MS = 60_000
const MOST_FAILURES = 10 // More are no accident: the database is away or broken.

/** The configured periods. */
export type Periods = Pick<
  Config,
  | 'LEDGER_RETENTION_DAYS'
  | 'NAME_RETENTION_DAYS'
  | 'ACCESS_RETENTION_DAYS'
  | 'REFUSAL_RETENTION_DAYS'
  | 'RESERVATION_RETENTION_DAYS'
  | 'EVENT_RETENTION_DAYS'
>

/**
 * How much was, or would be, forgotten: people's histories and names, records of accesses and refusals, reservations,
 * events.
 */
export interface Retained {
  histories: number
  names: number
  accesses: number
  refusals: number
  reservations: number
  events: number
  /** False if time ran out first: the next run continues. */
  finished: boolean
}

/**
 * Forgets what has been kept for as long as it may be, by the database's clock. Each person is a transaction and each
 * batch of rows a statement, so a crash leaves nothing half done and the next run finds the rest. After `withinMs` it
 * stops between two of them.
 */
export async function applyRetention(
  db: Database,
  periods: Periods,
  {
    dryRun = false,
    withinMs = Number.POSITIVE_INFINITY,
    by = NIGHTLY,
  }: { dryRun?: boolean; withinMs?: number; by?: Actor } = {},
): Promise<Retained> {
  const started = performance.now()
  const run: Run = { db, periods, dryRun, by, isOver: () => performance.now() - started > withinMs, failures: [] }
  const accesses = await forgetRows(run, 'accesses', periods.ACCESS_RETENTION_DAYS)
  const refusals = await forgetRows(run, 'refusals', periods.REFUSAL_RETENTION_DAYS)
  const reservations = await forgetRows(run, 'reservations', periods.RESERVATION_RETENTION_DAYS)
  const events = await forgetRows(run, 'events', periods.EVENT_RETENTION_DAYS)
  const people = await forgetPeople(run)
  if (run.failures.length > 0) throw run.failures[0]
  return { ...people, accesses, refusals, reservations, events, finished: !run.isOver() }
}

interface Run {
  db: Database
  periods: Periods
  dryRun: boolean
  by: Actor
  isOver(): boolean
  /** Errors with individual people; the others are done all the same. */
  failures: unknown[]
}

async function forgetRows({ db, dryRun, isOver }: Run, table: AgingTable, days: number): Promise<number> {
  if (dryRun) return countOlder(db, table, days)
  let forgotten = 0
  let said: Day | undefined
  for (let batch = -1; batch !== 0 && !isOver(); forgotten += batch) {
    if (isAnchored(table)) said = await sayForgotten(db, table, days, said)
    batch = await forgetOlder(db, table, days)
  }
  return forgotten
}

/** Says in the log how far rows are about to be forgotten, unless it was said: the check passes these days over. */
async function sayForgotten(db: Database, table: Kept, days: number, said: Day | undefined): Promise<Day | undefined> {
  const now = await readClock(db)
  const first = await firstDay(db, table)
  // The clock runs on until the rows are gone.
  const day = dayOf(now - days * DAY_MS + LONGEST_BATCH_MS)
  if (day === said || first === undefined || first > day) return said
  const record = forgottenUpTo(table, day)
  await inTransaction(db, async (tx) => {
    if (await isRecorded(tx, record.kind, record.subject)) return
    appendRecord(tx, { ...record, recordedAt: now })
  })
  return day
}

async function forgetPeople(run: Run): Promise<{ histories: number; names: number }> {
  const { db, isOver } = run
  const periods = { ledgerDays: run.periods.LEDGER_RETENTION_DAYS, nameDays: run.periods.NAME_RETENTION_DAYS }
  const count: Record<Forgotten, number> = { history: 0, names: 0, nothing: 0 }
  for (let after: string | null = null; !isOver(); ) {
    const { due, last } = await findDue(db, periods, after)
    for (const { identifier } of due) {
      if (!isOver()) count[await forgetOne(run, identifier, periods)]++
    }
    if (last === null) break
    after = last
  }
  return { histories: count.history, names: count.names }
}

async function forgetOne(
  { db, dryRun, by, failures }: Run,
  identifier: string,
  periods: { ledgerDays: number; nameDays: number },
): Promise<Forgotten> {
  try {
    return await inTransaction(db, (tx) => {
      sayWho(tx, by)
      return forget(tx, identifier, periods, { dryRun })
    })
  } catch (error) {
    // Somebody else has erased the person meanwhile.
    if (error instanceof Rejection && error.code === 'not_found') return 'nothing'
    if (failures.push(error) === MOST_FAILURES) throw error
    return 'nothing'
  }
}
