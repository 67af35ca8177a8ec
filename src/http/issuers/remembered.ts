/** Answers that are asked for once and kept for a while, under a key. */
export interface Remembered<T> {
  /** What is kept under the key; else what is asked now, once for all who wait. A failure is not kept. */
  get(key: string, untilMs: number, ask: () => Promise<T>): Promise<T>
}

/** Keeps so many answers, the oldest making room; `untilMs` is by this machine's clock. */
export function remember<T>(entries: number): Remembered<T> {
  const kept = new Map<string, { untilMs: number; answer: Promise<T> }>()
  return {
    get(key, untilMs, ask) {
      const found = kept.get(key)
      if (found && found.untilMs > Date.now()) return found.answer
      const asked = { untilMs, answer: ask() }
      kept.delete(key) // What is put in again is the newest.
      kept.set(key, asked)
      const [oldest] = kept.keys()
      if (kept.size > entries && oldest !== undefined) kept.delete(oldest)
      asked.answer.catch(() => {
        if (kept.get(key) === asked) kept.delete(key)
      })
      return asked.answer
    },
  }
}
