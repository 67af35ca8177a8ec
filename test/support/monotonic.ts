import type { Test } from 'tap'

const real = performance.now.bind(performance)
let passedMs = 0

/** Stops this process's monotonic clock until the test ends, so that no limit ends however slow the machine is. */
export function stopClock(t: Pick<Test, 'teardown'>): void {
  const now = performance.now()
  performance.now = () => now
  t.teardown(() => {
    performance.now = real
  })
}

/**
 * Puts this process's monotonic clock forward, as if so much time had passed, until the test ends. What the service
 * remembers for a while is then as old as it may become, without anybody having waited for it.
 */
export function letPass(t: Pick<Test, 'teardown'>, ms: number): void {
  passedMs += ms
  performance.now = () => real() + passedMs
  t.teardown(() => {
    passedMs -= ms
    if (passedMs === 0) performance.now = real
  })
}
