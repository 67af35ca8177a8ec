import type { Instant } from '../../domain/instant.ts'

/** An item whose time is known. */
export interface Timed {
  key: string
  at: Instant
  /** The key of the item that it comes after. */
  follows: string | undefined
}

/**
 * Items in the order in which they happened; of the same time, in their own order. What follows another comes after it,
 * though a clock may say otherwise.
 */
export function inOrderOfTime<Item extends Timed>(items: readonly Item[]): Item[] {
  const times = new Map(items.map(({ key, at }) => [key, at]))
  const placed = items.map((item) => {
    const before = item.follows === undefined ? undefined : times.get(item.follows)
    return { item, at: Math.max(item.at, before ?? item.at), isAfter: before !== undefined && before >= item.at }
  })
  return placed.sort((a, b) => a.at - b.at || Number(a.isAfter) - Number(b.isAfter)).map(({ item }) => item)
}
