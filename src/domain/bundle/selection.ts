import type { BundleSelection, Columns } from './format.ts'

/** Whether a selection is all that there is of one person. */
export function isHistory({ from, to, pharmacy, professional }: BundleSelection): boolean {
  return professional !== null && from === null && to === null && pharmacy === null
}

/**
 * Whether an entry is of a selection, as far as its sealed bytes say: not which person a number belongs to. Times in
 * the same format compare as text.
 */
export function isSelected({ occurredAt, pharmacy }: Columns, selection: BundleSelection | null): boolean {
  if (selection === null) return true
  const { from, to } = selection
  return (
    (from === null || occurredAt >= from) &&
    (to === null || occurredAt < to) &&
    (selection.pharmacy === null || pharmacy === selection.pharmacy)
  )
}
