import { LRUCache } from 'lru-cache'

/** Answers that are asked for once and kept for a while, under a key. */
export interface Remembered<T> {
  /** What is kept under the key; else what is asked now, once for all who wait. A failure is not kept. */
  get(key: string, forMs: number, ask: () => Promise<T>): Promise<T>
}

/** Keeps so many answers; the one used longest ago makes room. */
export function remember<T>(entries: number): Remembered<T> {
  const kept = new LRUCache<string, Promise<T>>({ max: entries })
  return {
    get(key, forMs, ask) {
      const found = kept.get(key)
      if (found) return found
      const answer = ask()
      if (forMs > 0) kept.set(key, answer, { ttl: forMs }) // To the cache, none at all would be for ever.
      answer.catch(() => {
        if (kept.peek(key) === answer) kept.delete(key)
      })
      return answer
    },
  }
}
