/** A place named by rules and remits: `code` is ISO 3166-2 (`FR`, `FR-OCC`, `FR-31`), `timeZone` an IANA name. */
export interface Territory {
  code: string
  name: string
  kind: 'country' | 'region' | 'department'
  /** The code of the next wider territory; null for the country. */
  parent: string | null
  timeZone: string
}

/**
 * The codes of a territory and of all those around it, narrowest first: `['FR-31', 'FR-OCC', 'FR']`. Throws RangeError
 * if a code on the way is unknown or the parents form a ring.
 */
export function pathOf(code: string, territories: ReadonlyMap<string, Territory>): string[] {
  const path: string[] = []
  for (let next: string | null = code; next !== null; ) {
    const territory = territories.get(next)
    if (territory === undefined) throw new RangeError(`Unknown territory ${next}`)
    if (path.includes(next)) throw new RangeError(`Territory ${next} lies in itself`)
    path.push(next)
    next = territory.parent
  }
  return path
}
