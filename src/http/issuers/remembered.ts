import { LRUCache } from 'lru-cache'

/** Answers that are requested once and then kept for a while under a key. */
export interface Remembered<T> {
  /** The answer kept under the key. If there is none, asks once for everybody who is waiting. Failures are not kept. */
  get(key: string, forMs: number, ask: () => Promise<T>): Promise<T>
}

/** Keeps so many answers, and drops the least recently used. */
export function remember<T>(entries: number): Remembered<T> {
  const kept = new LRUCache<string, Promise<T>>({ max: entries })
  return {
    get(key, forMs, ask) {
      const found = kept.get(key)
      if (found) return found
      const answer = ask()
      if (forMs > 0) kept.set(key, answer, { ttl: forMs }) // The cache takes a ttl of 0 for ever.
      answer.catch(() => {
        if (kept.peek(key) === answer) kept.delete(key)
      })
      return answer
    },
  }
}
