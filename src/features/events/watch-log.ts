import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../db/database.ts'
import { logEvents, readLogEnds } from '../../store/event-log.ts'

/** The end of the log, as all who follow it in this process see it. */
export interface LogWatch {
  /** From now on somebody follows, until the function returned is called. */
  join(): () => void
  /** Whether the log has grown beyond a place, which it waits for so long at most, or until nobody wants to know. */
  grows(place: number, withinMs: number, gone: AbortSignal): Promise<boolean>
  /** Reads one after the other: however many follow, they take up one connection. */
  inTurn<T>(read: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

/**
 * Watches the log while somebody follows it. One look serves all, and writers do nothing for it: NOTIFY would make
 * their COMMITs wait for one another.
 */
export function watchLog(db: Database, lookEveryMs: number): LogWatch {
  const stopping = new AbortController()
  const waiting = new Set<() => void>()
  let followers = 0
  let last = 0
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    while (followers > 0 && !stopping.signal.aborted) {
      // Whoever waits finds the database away as well.
      last = await newest(db).catch(() => last)
      for (const wake of waiting) wake()
      await wait(lookEveryMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
    looking = undefined
  }

  return {
    join() {
      followers++
      looking ??= look()
      return () => {
        followers--
      }
    },
    async grows(place, withinMs, gone) {
      await until(() => last > place, { waiting, withinMs, gone })
      return last > place
    },
    inTurn: turns(),
    async stop() {
      stopping.abort()
      await looking
    },
  }
}

async function newest(db: Database): Promise<number> {
  await logEvents(db)
  return (await readLogEnds(db)).last
}

/** Waits for something that may be so whenever the waiting are woken. */
async function until(
  isSo: () => boolean,
  { waiting, withinMs, gone }: { waiting: Set<() => void>; withinMs: number; gone: AbortSignal },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  const wake = () => {
    if (gone.aborted || isSo()) end()
  }
  const timer = setTimeout(end, withinMs)
  waiting.add(wake)
  gone.addEventListener('abort', end)
  wake()
  await promise
  clearTimeout(timer)
  waiting.delete(wake)
  gone.removeEventListener('abort', end)
}

function turns(): LogWatch['inTurn'] {
  let before: Promise<unknown> = Promise.resolve()
  return (read) => {
    const turn = before.then(read)
    before = turn.catch(() => {})
    return turn
  }
}
