import type { Instant } from '../domain/instant.ts'

/** The database's clock as this process follows it between two readings, and which never runs backwards meanwhile. */
export interface DatabaseClock {
  /** The time there; until it was first heard of, the program's own. */
  now(): Instant
  /** Sets it by what the database answered to a question asked at that time of `performance.now()`. */
  hear(at: Instant, askedAt: number): void
}

/** A clock that goes by the monotonic one from what was last heard. */
export function followClock(): DatabaseClock {
  let zero: Instant | undefined // When the monotonic clock was at 0.
  return {
    now: () => (zero === undefined ? Date.now() : zero + performance.now()),
    hear(at, askedAt) {
      zero = at - (askedAt + performance.now()) / 2
    },
  }
}
