import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Transaction } from './database.ts'
import { isRetryable } from './failures.ts'

/** Thrown by work that finds that something has changed between its locks; the wrapper starts it again. */
export class StaleRead extends Error {}

const ATTEMPTS = 4 // One and three retries: better to tell the caller of a longer conflict than to wait for its end.
// A lock that another session keeps costs each attempt 2 to 4 s, while others lack the connection.
const PATIENCE_MS = 6_000

/**
 * Runs work in one READ COMMITTED transaction. Retries after a serialisation failure, a deadlock, a lock timeout or a
 * StaleRead, at most three times, with jitter, and not after 6 s. The work must have no effect outside the database.
 */
export async function inTransaction<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const started = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.attempt(work)
    } catch (error) {
      const isOver = attempt === ATTEMPTS || performance.now() - started > PATIENCE_MS
      if (isOver || !(error instanceof StaleRead || isRetryable(error))) throw error
      await wait(Math.random() * 20 * attempt)
    }
  }
}
