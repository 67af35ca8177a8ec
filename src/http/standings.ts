import type { Database } from '../db/database.ts'
import { readStanding, readStandingVersion, type Standing } from '../store/standing.ts'

/** Who is suspended and what each client may do, never older than a second. */
export interface Standings {
  current(): Promise<Standing>
  /** Discards what was read: something has changed here, and the next request must see it. */
  expire(): void
}

const RENEW_MS = 400
const OLDEST_MS = 900

/**
 * Keeps everybody's standing in memory, and the database's clock in step. It is read again in the background while
 * requests come in, so that hardly any request waits for it. One that finds it older than 900 ms waits, and fails if it
 * cannot be read.
 */
export function keepStandings(db: Database): Standings {
  let standing: Standing | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<Standing> | undefined

  const read = (): Promise<Standing> => {
    const startedAt = performance.now()
    const renewed = renew(db, standing).then((found) => {
      if (reading === renewed) {
        standing = found
        readAt = startedAt
      }
      return found
    })
    reading = renewed
    const done = () => {
      if (reading === renewed) reading = undefined
    }
    renewed.then(done, done)
    return renewed
  }

  return {
    async current() {
      const age = performance.now() - readAt
      if (!standing || age > OLDEST_MS) return reading ?? read()
      if (age > RENEW_MS && !reading) read().catch(() => {}) // A request that finds it too old will see the error.
      return standing
    },
    expire() {
      readAt = Number.NEGATIVE_INFINITY
      reading = undefined
    },
  }
}

async function renew(db: Database, known: Standing | undefined): Promise<Standing> {
  const askedAt = performance.now()
  const { version, at } = await readStandingVersion(db)
  db.clock.hear(at, askedAt)
  return version === known?.version ? known : readStanding(db)
}
