import type { Test } from 'tap'

/**
 * Puts this process's monotonic clock forward, as if so much time had passed, until the test ends. What the service
 * remembers for a while is then as old as it may become, without anybody having waited for it.
 */
export function letPass(t: Pick<Test, 'teardown'>, ms: number): void {
  const { now } = performance
  performance.now = () => now.call(performance) + ms
  t.teardown(() => {
    performance.now = now
  })
}
