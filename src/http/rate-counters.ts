import { LRUCache } from 'lru-cache'
import type { SharedCounts } from './shared-counts.ts'

type Answer = (error: null, state: { current: number; ttl: number }) => void
interface Counter {
  count: number
  endsAt: number
}

/**
 * Counts requests by the monotonic clock, in this process alone or together with others. The library's own counters go
 * by the wall clock: whoever had used up a limit when that was set back would be kept out until it had caught up.
 */
export class RateCounters {
  readonly #counters: LRUCache<string, Counter>
  readonly #shared: SharedCounts | undefined

  constructor({ cache = 5_000, shared }: { cache?: number; shared?: SharedCounts | undefined }) {
    this.#counters = new LRUCache({ max: cache })
    this.#shared = shared
  }

  /** Counts one more; where counts are shared and the others can be asked, among theirs. */
  incr(key: string, answer: Answer, windowMs: number): void {
    const now = performance.now()
    const live = this.#live(key, now) ?? { count: 0, endsAt: now + windowMs }
    live.count++
    this.#counters.set(key, live)
    const here = { current: live.count, ttl: live.endsAt - now }
    if (this.#shared) void this.#ask(this.#shared, key).then((everywhere) => answer(null, everywhere ?? here))
    else answer(null, here)
  }

  /** Says the same, as far as it is known here, and counts nothing. */
  read(key: string, answer: Answer): void {
    const now = performance.now()
    const live = this.#live(key, now)
    answer(null, live ? { current: live.count, ttl: live.endsAt - now } : { current: 0, ttl: 0 })
  }

  /** Counters apart from these, for another limit. */
  child(options: object): RateCounters {
    return new RateCounters(options)
  }

  // What the others have counted is known here from then on.
  async #ask(shared: SharedCounts, key: string): ReturnType<SharedCounts['count']> {
    const everywhere = await shared.count(key)
    if (!everywhere) return undefined
    const now = performance.now()
    const count = Math.max(everywhere.current, this.#live(key, now)?.count ?? 0)
    this.#counters.set(key, { count, endsAt: now + everywhere.ttl })
    return everywhere
  }

  #live(key: string, now: number): Counter | undefined {
    const found = this.#counters.get(key)
    return found && now < found.endsAt ? found : undefined
  }
}
