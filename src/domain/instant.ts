/** Milliseconds since 1970-01-01T00:00:00Z. Always passed in as a fact: nothing in the domain reads a clock. */
export type Instant = number

/** How far a caller's clock may run ahead of the database's. */
export const CLOCK_SKEW_MS = 5 * 60_000

const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/

const MINUTE_MS = 60_000

/** The last instant that can be written with a four-digit year and that PostgreSQL reads back. */
export const LATEST: Instant = Date.parse('9999-12-31T23:59:59.999Z')
/** The first such instant, in the year 1. */
const EARLIEST: Instant = Date.parse('0001-01-01T00:00:00.000Z')

/** Nothing that callers record happened before. */
export const FIRST_RECORDED: Instant = Date.parse('2020-01-01T00:00:00.000Z')

/**
 * What a rule, a filter or a command may name: everything that is worked out from a time within, weeks above all, is
 * right in every territory.
 */
export const NAMEABLE: { first: Instant; last: Instant } = {
  first: Date.parse('1970-01-01T00:00:00.000Z'),
  last: Date.parse('2199-12-31T23:59:59.999Z'),
}

/** Whether an instant may be named. */
export function isNameable(instant: Instant): boolean {
  return instant >= NAMEABLE.first && instant <= NAMEABLE.last
}

/** The instant as RFC 3339 in UTC with milliseconds, `2020-05-10T22:00:00.000Z`. Throws RangeError on NaN. */
export function iso(instant: Instant): string {
  return new Date(instant).toISOString()
}

/**
 * The instant that an RFC 3339 date-time names. The offset is required, since a time without one names no instant.
 * Digits after the milliseconds are dropped, never rounded up, so that no time moves into the future or into the next
 * window. Throws RangeError on any other text, on a day that the calendar lacks, on a leap second (`:60`) and on years
 * outside 0001 to 9999.
 */
export function instantOf(rfc3339: string): Instant {
  const [matched, date, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] =
    RFC_3339.exec(rfc3339) ?? []
  if (matched === undefined) throw new RangeError('Not an RFC 3339 date-time with an offset')

  const milliseconds = fraction.padEnd(3, '0').slice(0, 3)
  const local = Date.parse(`${date}T${hour}:${minute}:${second}.${milliseconds}Z`)
  // JavaScript reads 30 February as 1 or 2 March instead of refusing it, hence the comparison.
  if (Number.isNaN(local) || !iso(local).startsWith(`${date}T`)) throw new RangeError('No such day in the calendar')

  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * MINUTE_MS
  const instant = sign === '-' ? local + offset : local - offset
  if (instant < EARLIEST || instant > LATEST) throw new RangeError('Year outside 0001 to 9999')
  return instant
}
