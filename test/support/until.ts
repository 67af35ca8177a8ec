import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again until the answer is yes. A question that fails counts as no. Throws `otherwise` in the end. */
export async function until(
  withinMs: number,
  otherwise: string,
  answersYes: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await Promise.try(answersYes).catch(() => false)
    if (answer) return
    if (performance.now() > deadline) throw new Error(`${otherwise} within ${withinMs} ms`)
    await pause(20)
  }
}
