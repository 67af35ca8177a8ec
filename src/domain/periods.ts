import { DateTime } from 'luxon'
import { CLOCK_SKEW_MS, type Instant } from './instant.ts'

/** The stretch of time over which a rule adds up what was received. */
export type RuleWindow =
  | { kind: 'calendar_weeks'; count: number }
  | { kind: 'rolling_days'; count: number }
  | { kind: 'once' }

/** One window placed in time. Which of its two ends belong to it depends on its kind: see `countsIn`. */
export interface Period {
  start: Instant
  /** Null for an allowance given once by a rule without an end. */
  end: Instant | null
}

/** When a window's rule is in force, and the time zone whose Mondays count. */
export interface WindowContext {
  validFrom: Instant
  validTo: Instant | null
  /** An IANA name, such as `Indian/Reunion`. */
  timeZone: string
}

export const DAY_MS = 24 * 60 * 60 * 1000

/** How far apart two clocks may be that are each as wrong as is allowed, one ahead and one behind. */
export const CLOCKS_APART_MS = 2 * CLOCK_SKEW_MS

/**
 * The period of a window in which `at` lies.
 *
 * - `calendar_weeks`: [start, end), blocks of n weeks from Monday 00:00 to Monday 00:00 by the clocks of the time zone,
 *   the first in the week of `validFrom`. They are not cut off at `validFrom`: a rule that replaces another in mid-week
 *   counts what was received since Monday, and blocks before `validFrom` exist too.
 * - `rolling_days`: (start, end], the n × 24 hours up to `at`, whatever daylight-saving time did meanwhile.
 * - `once`: from `validFrom` to `validTo`.
 *
 * Throws RangeError when the time zone is unknown.
 */
export function periodAt(window: RuleWindow, context: WindowContext, at: Instant): Period {
  switch (window.kind) {
    case 'calendar_weeks':
      return calendarWeeksAt(window.count, context, at)
    case 'rolling_days':
      return { start: at - window.count * DAY_MS, end: at }
    case 'once':
      return { start: context.validFrom, end: context.validTo }
  }
}

/**
 * Whether a receipt at `instant` uses up some of the period's cap.
 *
 * - `calendar_weeks`: start ≤ instant < end.
 * - `rolling_days`: start < instant, so that a receipt exactly n × 24 hours old no longer counts, up to ten minutes
 *   after the end: clocks may be five minutes off either way. What came later than that does not count for a hand-over
 *   that is told of days afterwards.
 * - `once`: start ≤ instant. Receipts after the rule's end are no loophole, since it is then no longer in force.
 */
export function countsIn(window: RuleWindow, period: Period, instant: Instant): boolean {
  switch (window.kind) {
    case 'calendar_weeks':
      return period.start <= instant && (period.end === null || instant < period.end)
    case 'rolling_days':
      return period.start < instant && (period.end === null || instant <= period.end + CLOCKS_APART_MS)
    case 'once':
      return period.start <= instant
  }
}

/**
 * When a receipt at `instant` stops counting: at the end of its calendar weeks, n × 24 hours later, or never (null) if
 * the cap is given once.
 */
export function leavesAt(window: RuleWindow, context: WindowContext, instant: Instant): Instant | null {
  switch (window.kind) {
    case 'calendar_weeks':
      return periodAt(window, context, instant).end
    case 'rolling_days':
      return instant + window.count * DAY_MS
    case 'once':
      return null
  }
}

/** When the last of the receipts that count in a period stops counting; null if nobody knows yet. */
export function lastLeavesAt(window: RuleWindow, period: Period, counted: readonly Instant[]): Instant | null {
  return window.kind === 'rolling_days' ? Math.max(...counted) + window.count * DAY_MS : period.end
}

function calendarWeeksAt(count: number, { validFrom, timeZone }: WindowContext, at: Instant): Period {
  const firstMonday = mondayOf(validFrom, timeZone)
  const blockDays = count * 7
  const block = Math.floor((mondayOf(at, timeZone) - firstMonday) / blockDays)
  const start = firstMonday + block * blockDays
  return { start: midnight(start, timeZone), end: midnight(start + blockDays, timeZone) }
}

// Days are counted on the calendar, as whole days since 1970-01-01, because a day with a daylight-saving change lasts
// 23 or 25 hours, and weeks are counted in days, because the ISO week number jumps from 52 or 53 to 1.
function mondayOf(instant: Instant, timeZone: string): number {
  const local = DateTime.fromMillis(instant, { zone: timeZone })
  if (!local.isValid) throw new RangeError(`No such time zone or instant: ${timeZone}, ${instant}`)
  return DateTime.utc(local.year, local.month, local.day).toMillis() / DAY_MS - (local.weekday - 1)
}

function midnight(day: number, timeZone: string): Instant {
  const date = DateTime.fromMillis(day * DAY_MS, { zone: 'utc' })
  return date.setZone(timeZone, { keepLocalTime: true }).toMillis()
}
