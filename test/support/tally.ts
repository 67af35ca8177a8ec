import type { Answer } from './service.ts'

/** How often each outcome came: `201`, `409 entitlement_exceeded`, and so on. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const outcome = status < 400 ? `${status}` : `${status} ${body.code}`
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

/** Runs as many calls at once as there are, and waits for all. */
export function atOnce<Item, Result>(
  items: readonly Item[],
  call: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(items.map(call))
}

/** 0, 1, … n − 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index)
}
