import type { Test } from 'tap'

const real = performance.now.bind(performance)
let passedMs = 0

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
