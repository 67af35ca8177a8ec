/** Reads the first of some tags that contains text. */
export type Tags = (...keys: string[]) => string | undefined

// The lifecycle prefixes and tags by which mappers say that something is there no more.
const GONE = ['disused', 'abandoned', 'closed', 'was', 'demolished', 'razed', 'removed']
// A comment in quotes may follow, and the days may be spelled out.
const NEVER_OPEN = /^(?:(?:24\/7|Mo-Su)[,:]?\s+)?(?:closed|off)(?:\s*"[^"]*")?;?$/i
const DATE = /(?<!\d)(\d{4}(?:-\d\d){0,2})$/

/**
 * Why a place is not a pharmacy that serves people on a day, such as `2026-11-29`, though the map has it; undefined if
 * it is one. A date without month or day is over when its year or month is.
 */
export function inactivity(tags: Tags, today: string): string | undefined {
  const said = (key: string) => `${key}=${tags(key)}`
  const gone = GONE.find((word) => tags(word) === 'yes' || tags(`${word}:amenity`) === 'pharmacy')
  if (gone) return tags(gone) === 'yes' ? said(gone) : said(`${gone}:amenity`)
  if (NEVER_OPEN.test(tags('opening_hours') ?? '')) return said('opening_hours')
  const [end] = DATE.exec(tags('end_date') ?? '') ?? []
  if (end !== undefined && end < today.slice(0, end.length)) return said('end_date')
  const [start] = DATE.exec(tags('start_date') ?? '') ?? []
  if (start !== undefined && start > today.slice(0, start.length)) return said('start_date')
  return undefined
}

/** Whether a place is or was a pharmacy. */
export function isPharmacy(tags: Tags): boolean {
  return tags('amenity') === 'pharmacy' || GONE.some((word) => tags(`${word}:amenity`) === 'pharmacy')
}
