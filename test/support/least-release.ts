/**
 * Of all sets of holds that suffice, the one with the fewest masks, then the fewest holds, then the newest: what a
 * hand-over must release, found by trying every set. The holds are oldest first, and so is what is returned.
 */
export function leastOf<Hold extends { quantity: number }>(
  holds: readonly Hold[],
  suffices: (released: Hold[]) => boolean,
): Hold[] | undefined {
  const masks = (set: Hold[]) => set.reduce((sum, { quantity }) => sum + quantity, 0)
  // Hold by hold from the newest on, which of them are in the set.
  const newest = (set: Hold[]) =>
    holds
      .map((hold) => (set.includes(hold) ? 1 : 0))
      .toReversed()
      .join('')
  const [least] = subsetsOf(holds)
    .filter(suffices)
    .sort((a, b) => masks(a) - masks(b) || a.length - b.length || newest(b).localeCompare(newest(a)))
  return least
}

function subsetsOf<Item>(items: readonly Item[]): Item[][] {
  return items.reduce<Item[][]>((sets, item) => sets.flatMap((set) => [set, [...set, item]]), [[]])
}
