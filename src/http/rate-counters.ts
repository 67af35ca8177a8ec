import { LRUCache } from 'lru-cache'

type Answer = (error: null, state: { current: number; ttl: number }) => void

/**
 * Counts requests by the monotonic clock. The library's own counters go by the wall clock: whoever had used up a limit
 * when that was set back would be kept out until it had caught up.
 */
export class RateCounters {
  readonly #counters: LRUCache<string, { count: number; endsAt: number }>

  constructor({ cache = 5_000 }: { cache?: number }) {
    this.#counters = new LRUCache({ max: cache })
  }

  /** Counts one more. */
  incr(key: string, answer: Answer, windowMs: number): void {
    const now = performance.now()
    const live = this.#live(key, now) ?? { count: 0, endsAt: now + windowMs }
    live.count++
    this.#counters.set(key, live)
    answer(null, { current: live.count, ttl: live.endsAt - now })
  }

  /** Says the same and counts nothing. */
  read(key: string, answer: Answer): void {
    const now = performance.now()
    const live = this.#live(key, now)
    answer(null, live ? { current: live.count, ttl: live.endsAt - now } : { current: 0, ttl: 0 })
  }

  /** Counters apart from these, for another limit. */
  child(options: object): RateCounters {
    return new RateCounters(options)
  }

  #live(key: string, now: number): { count: number; endsAt: number } | undefined {
    const found = this.#counters.get(key)
    return found && now < found.endsAt ? found : undefined
  }
}
