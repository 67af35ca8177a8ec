import { readClock } from '../db/clock.ts'
import type { Queryable } from '../db/database.ts'
import { oneRow } from '../db/query.ts'
import { sql, timestamp } from '../db/sql.ts'
import {
  type AnchoredDay,
  anchoredDayOf,
  DAY_ANCHORED,
  type Day,
  dayOf,
  daysBetween,
  differenceOf,
  FORGOTTEN_UP_TO,
  forgottenOf,
  KEPT,
  type Kept,
  mayForget,
  startOf,
} from '../domain/anchored-day.ts'
import type { Instant } from '../domain/instant.ts'
import { DAY_MS } from '../domain/periods.ts'
import { readDayRoot } from './day-roots.ts'
import { recordsOfKind } from './records-of-kind.ts'

const LATE_MS = 3 * DAY_MS

/** A day that does not have the rows that were anchored. */
interface DayBreach {
  invariant: 'I6'
  row: string
  found: string
}

/**
 * The days of accesses, refusals and administrative acts that are not what the log says of them. Those that were
 * forgotten, as the log says too, are passed over. Reads every row that is kept.
 */
export async function dayBreaches(db: Queryable, most: number): Promise<DayBreach[]> {
  const anchored = (await recordsOfKind(db, DAY_ANCHORED)).flatMap((record) => anchoredDayOf(record) ?? [])
  const { forgotten, breaches } = await readForgotten(db)
  breaches.push(...missingDays(anchored, await readClock(db)))
  for (const kept of KEPT) {
    const since = forgotten[kept]
    breaches.push(...(await beforeTheFirst(db, kept, anchored[0]?.day, since)))
    for (const { day, roots } of anchored) {
      const root = roots[kept]
      if (!root || (since !== undefined && day <= since) || breaches.length >= most) continue
      const found = differenceOf(root, await readDayRoot(db, kept, day))
      if (found) breaches.push(breach(`${kept} of ${day}`, found))
    }
  }
  return breaches.slice(0, most)
}

async function readForgotten(db: Queryable): Promise<{ forgotten: Partial<Record<Kept, Day>>; breaches: DayBreach[] }> {
  const forgotten: Partial<Record<Kept, Day>> = {}
  const breaches: DayBreach[] = []
  for (const record of await recordsOfKind(db, FORGOTTEN_UP_TO)) {
    const said = forgottenOf(record)
    if (!said) continue
    if (mayForget(said, record.recordedAt)) forgotten[said.kept] = later(forgotten[said.kept], said.day)
    else breaches.push(breach(`log record ${record.kind} ${record.subject}`, 'these may not be forgotten so soon'))
  }
  return { forgotten, breaches }
}

/** A day is anchored when the one after it has begun; a service that was stopped makes up for it within the hour. */
function missingDays(anchored: readonly AnchoredDay[], now: Instant): DayBreach[] {
  const days = new Set(anchored.map(({ day }) => day))
  const [first, last] = [anchored[0]?.day, anchored.at(-1)?.day]
  if (first === undefined || last === undefined) return []
  const missing = daysBetween(first, later(last, dayOf(now - LATE_MS))).filter((day) => !days.has(day))
  return missing.map((day) => breach(`the day ${day}`, 'nothing of it is anchored'))
}

async function beforeTheFirst(
  db: Queryable,
  kept: Kept,
  first: Day | undefined,
  forgotten: Day | undefined,
): Promise<DayBreach[]> {
  if (first === undefined || (forgotten !== undefined && forgotten >= first)) return []
  const { older } = await oneRow<{ older: number }>(
    db,
    `older_${kept}`,
    sql`select count(*)::float8 as older from ${sql.raw(kept)} where at < ${timestamp(startOf(first))}`,
  )
  return older > 0 ? [breach(`${kept} before ${first}`, `${older} rows were added before the first anchored day`)] : []
}

function later(one: Day | undefined, other: Day): Day {
  return one !== undefined && one > other ? one : other
}

function breach(row: string, found: string): DayBreach {
  return { invariant: 'I6', row, found }
}
