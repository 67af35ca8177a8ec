import { openServer } from '../../../src/db/server.ts'
import { inTransaction } from '../../../src/db/transaction.ts'
import { sequence } from '../../../src/store/merkle-log.ts'
import { percentile } from '../measure.ts'

/** What it costs to give entries their place in the log, at its beginning and at its end. */
export async function growth(url: string): Promise<Record<string, number>> {
  const db = openServer(url, { connections: 2, onError: () => {} })
  const perEntryMicroseconds: number[] = []
  for (;;) {
    const started = performance.now()
    const done = await inTransaction(db, sequence)
    if (done === 0) break
    perEntryMicroseconds.push(((performance.now() - started) * 1000) / done)
  }
  await db.close()
  const tenth = Math.ceil(perEntryMicroseconds.length / 10)
  const median = (values: number[]) => Math.round(percentile(values, 0.5))
  return {
    'append, first tenth of the log, µs an entry (median)': median(perEntryMicroseconds.slice(0, tenth)),
    'append, last tenth of the log, µs an entry (median)': median(perEntryMicroseconds.slice(-tenth)),
  }
}
