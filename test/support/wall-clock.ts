import type { Test } from 'tap'

const RealDate = Date

/**
 * Sets this process's clock wrong by so much until the test ends, as an administrator may. The monotonic clock and the
 * database's stay right.
 */
export function setClockWrong(t: Pick<Test, 'teardown'>, ms: number): void {
  globalThis.Date = class extends RealDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [RealDate.now() + ms] : given) as [number]))
    }
    static override now(): number {
      return RealDate.now() + ms
    }
  } as DateConstructor
  t.teardown(() => {
    globalThis.Date = RealDate
  })
}
