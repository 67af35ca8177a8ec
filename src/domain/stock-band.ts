/** How much there is, as everybody may know it: never how many. */
export const bands = ['plenty', 'some', 'few', 'empty', 'unknown'] as const

export type Band = (typeof bands)[number]

/** The band of so many single masks; null where nothing was ever declared. One mask is as good as none. */
export function bandOf(available: number | null): Band {
  if (available === null) return 'unknown'
  if (available >= 100) return 'plenty'
  if (available >= 30) return 'some'
  return available >= 2 ? 'few' : 'empty'
}
