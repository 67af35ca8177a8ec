import { type Instant, iso } from './instant.ts'
import type { LogRecord } from './log-record.ts'
import { DAY_MS } from './periods.ts'

/** What is kept beside the ledger for a time and is anchored in the log day by day. */
export const KEPT = ['accesses', 'refusals', 'admin_acts'] as const
export type Kept = (typeof KEPT)[number]

/** Whether what a table keeps is anchored. */
export function isAnchored(table: string): table is Kept {
  return (KEPT as readonly string[]).includes(table)
}

/** How many days each is kept at the very least, by the functions that forget; acts are never forgotten. */
const LEAST_DAYS: Partial<Record<Kept, number>> = { accesses: 30, refusals: 365 }

/** A day by its date in UTC, `2020-05-11`. */
export type Day = string

/** The rows of a day: how many, and the base64 of the RFC 6962 root over their leaves. */
export interface DayRoot {
  count: number
  root: string
}

/** All rows of an anchored day. `form` says how they were written as leaves. */
export interface AnchoredDay {
  day: Day
  roots: Partial<Record<Kept, DayRoot & { form: number }>>
}

type Told = Pick<LogRecord, 'kind' | 'subject' | 'fields'>

export const DAY_ANCHORED = 'day_anchored'
export const FORGOTTEN_UP_TO = 'forgotten_up_to'

/** The day on which an instant lies. */
export function dayOf(at: Instant): Day {
  return iso(at).slice(0, 10)
}

/** When a day begins. */
export function startOf(day: Day): Instant {
  return Date.parse(`${day}T00:00:00.000Z`)
}

/** The days from one to another, both included. */
export function daysBetween(first: Day, last: Day): Day[] {
  const count = Math.max(0, (startOf(last) - startOf(first)) / DAY_MS + 1)
  return Array.from({ length: count }, (_, nth) => dayOf(startOf(first) + nth * DAY_MS))
}

/** What the log says of a day that is over: [what, form of the leaves, how many, root] for each that is kept. */
export function dayAnchored({ day, roots }: AnchoredDay): Told {
  const fields = KEPT.flatMap((kept) => {
    const found = roots[kept]
    return found ? [[kept, found.form, found.count, found.root]] : []
  })
  return { kind: DAY_ANCHORED, subject: day, fields }
}

/** What the log says before rows up to and including a day are forgotten, of the day itself perhaps a part. */
export function forgottenUpTo(kept: Kept, day: Day): Told {
  return { kind: FORGOTTEN_UP_TO, subject: `${kept} ${day}`, fields: [kept, day] }
}

/** Reads a record about a day back; undefined if it is about something else. */
export function anchoredDayOf({ kind, subject, fields }: LogRecord): AnchoredDay | undefined {
  if (kind !== DAY_ANCHORED) return undefined
  const entries = (fields as [Kept, number, number, string][]).map(([kept, form, count, root]) => [
    kept,
    { form, count, root },
  ])
  return { day: subject, roots: Object.fromEntries(entries) }
}

/** How far rows were forgotten, as the log says; undefined if the record is about something else. */
export function forgottenOf({ kind, fields }: LogRecord): { kept: Kept; day: Day } | undefined {
  if (kind !== FORGOTTEN_UP_TO) return undefined
  const [kept, day] = fields as [Kept, Day]
  return { kept, day }
}

/** Whether rows up to a day may be forgotten at that time: nobody can clear younger ones by saying so in the log. */
export function mayForget({ kept, day }: { kept: Kept; day: Day }, at: Instant): boolean {
  const least = LEAST_DAYS[kept]
  return least !== undefined && startOf(day) <= at - least * DAY_MS
}

/** How the rows that a day has now differ from those that were anchored; undefined if they are the same. */
export function differenceOf(anchored: DayRoot, found: DayRoot): string | undefined {
  if (found.count < anchored.count) return `${anchored.count - found.count} of ${anchored.count} rows are gone`
  if (found.count > anchored.count) return `${found.count - anchored.count} rows were added to ${anchored.count}`
  return found.root === anchored.root ? undefined : `its ${found.count} rows are not those that were anchored`
}
