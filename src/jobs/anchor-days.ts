import { setTimeout as wait } from 'node:timers/promises'
import { readClock } from '../db/clock.ts'
import type { Database } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import {
  type AnchoredDay,
  DAY_ANCHORED,
  type Day,
  dayAnchored,
  dayOf,
  daysBetween,
  KEPT,
} from '../domain/anchored-day.ts'
import type { Instant } from '../domain/instant.ts'
import { DAY_MS } from '../domain/periods.ts'
import { FORM, firstDay, readDayRoot } from '../store/day-roots.ts'
import { appendRecord } from '../store/log-records.ts'
import { newestSubject } from '../store/records-of-kind.ts'
import { writersUnderWay } from '../store/writers.ts'

// A row takes its time from the clock a moment before its transaction can be seen to write.
const SETTLED_MS = 60 * 60_000
const LOOK_MS = 250

/**
 * Says in the log, for each day that is over, how many accesses, refusals and administrative acts it had and the root
 * over them, so that whoever alters, adds or deletes one later is found out. Each day is a transaction: after
 * `withinMs` it stops between two of them, and the next run continues. Returns the days.
 *
 * A row whose transaction is still open would be missed: whatever was writing when the last of the days had been over
 * for an hour must have ended. If it has not within `settleMs`, nothing is said, and the next run tries again.
 */
export async function anchorDays(
  db: Database,
  { withinMs = Number.POSITIVE_INFINITY, settleMs = 30_000 }: { withinMs?: number; settleMs?: number } = {},
): Promise<Day[]> {
  const started = performance.now()
  const due = await dueDays(db, await readClock(db))
  if (due.length === 0 || !(await haveEnded(db, await writersUnderWay(db), settleMs))) return []
  const anchored: Day[] = []
  for (const day of due) {
    if (performance.now() - started > withinMs) break
    await anchor(db, day)
    anchored.push(day)
  }
  return anchored
}

/** The days from the one after the newest that was anchored, or from the first that has a row. */
async function dueDays(db: Database, now: Instant): Promise<Day[]> {
  const newest = await newestSubject(db, DAY_ANCHORED)
  const firsts = newest === undefined ? await Promise.all(KEPT.map((kept) => firstDay(db, kept))) : [newest]
  const [first] = firsts.filter((day) => day !== undefined).sort()
  if (first === undefined) return []
  const last = dayOf(now - SETTLED_MS - DAY_MS)
  return daysBetween(first, last).filter((day) => day !== newest)
}

async function haveEnded(db: Database, writers: string[], withinMs: number): Promise<boolean> {
  const started = performance.now()
  for (let left = writers; left.length > 0; ) {
    const now = await writersUnderWay(db)
    left = left.filter((writer) => now.includes(writer))
    if (left.length > 0 && performance.now() - started > withinMs) return false
    if (left.length > 0) await wait(LOOK_MS)
  }
  return true
}

async function anchor(db: Database, day: Day): Promise<void> {
  const roots: AnchoredDay['roots'] = {}
  for (const kept of KEPT) roots[kept] = { form: FORM, ...(await readDayRoot(db, kept, day)) }
  await inTransaction(db, async (tx) =>
    appendRecord(tx, { ...dayAnchored({ day, roots }), recordedAt: await readClock(tx) }),
  )
}
