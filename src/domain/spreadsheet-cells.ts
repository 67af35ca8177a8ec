import { DateTime } from 'luxon'
import type { Instant } from './instant.ts'

const GROUP = '[ \\u00a0\\u202f]\\d{3}'
const PLAIN = new RegExp(`^(-?\\d+|\\d{1,3}(?:${GROUP})+)(?:[.,]0{1,2})?$`, 'u')
const ENGLISH = /^(\d{1,3}(?:,\d{3})+)\.0{1,2}$/
const CONTINENTAL = /^(\d{1,3}(?:\.\d{3})+),0{1,2}$/

/**
 * The whole number that a spreadsheet wrote, such as `1 234`, `240,0` or `1.234,00`. Undefined for what is none, and
 * for `1.234` and `1,234`, which mean a thousand to some and one and a bit to others.
 */
export function wholeNumber(text: string): number | undefined {
  const [, digits] = PLAIN.exec(text) ?? ENGLISH.exec(text) ?? CONTINENTAL.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits.replaceAll(/[^\d-]/g, ''))
}

const TIMES = ['H:mm', 'H:mm:ss', 'h:mm a', 'h:mm:ss a']
const DAYS = ['yyyy-MM-dd', 'd/M/yyyy', 'M/d/yyyy']
const FORMATS = DAYS.flatMap((day) => TIMES.map((time) => `${day} ${time}`))

/** What a time in a cell can mean: one instant, none, or several. */
export type CellTime = Instant | 'unreadable' | 'ambiguous'

/**
 * The instant of a day and time that a spreadsheet wrote without a time zone, such as `29/11/2026 22:50`. Several are
 * meant where day and month can be told in either order, and in the hour that comes twice when summer time ends.
 */
export function localTime(text: string, timeZone: string): CellTime {
  const written = text.replace(/^(\d{1,2})[.-](\d{1,2})[.-](\d{4}) /, '$1/$2/$3 ').replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ')
  const meant = FORMATS.map((format) => DateTime.fromFormat(written, format, { zone: 'utc', locale: 'en' }))
    .filter(({ isValid }) => isValid)
    .flatMap((time) => instantsOf(time, timeZone))
  const [first, ...others] = new Set(meant)
  if (first === undefined) return 'unreadable'
  return others.length === 0 ? first : 'ambiguous'
}

// An hour that summer time skips never was; one that it repeats was twice.
function instantsOf(time: DateTime, timeZone: string): Instant[] {
  const local = time.setZone(timeZone, { keepLocalTime: true })
  if (local.hour !== time.hour) return []
  return local.getPossibleOffsets().map((each) => each.toMillis())
}
