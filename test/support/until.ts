import { setTimeout as pause } from 'node:timers/promises'

// How long a test goes on asking says nothing about the service: a busy machine may take a hundred times as long.
const LONGEST_MS = 60_000

/** Asks again and again until the answer is yes. A question that fails counts as no. Throws `otherwise` in the end. */
export async function until(
  otherwise: string,
  answersYes: () => boolean | Promise<boolean>,
  withinMs = LONGEST_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await Promise.try(answersYes).catch(() => false)
    if (answer) return
    if (performance.now() > deadline) throw new Error(`${otherwise} within ${withinMs / 1_000} s`)
    await pause(20)
  }
}
