import type { Database } from '../db/database.ts'
import { readStanding, readStandingVersion, type Standing } from '../store/standing.ts'

/** How everybody stands, never older than a second: suspended or not, and what each client may. */
export interface Standings {
  current(): Promise<Standing>
  /** What was read is too old: something was changed here, and the next request must see it. */
  expire(): void
}

const RENEW_MS = 400
const OLDEST_MS = 900

/**
 * Keeps everybody's standing in memory, for all requests. Read again in the background as long as requests come, so that
 * hardly one waits for it; a request that finds it older than 900 ms waits, and fails if it cannot be read.
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
      if (age > RENEW_MS && !reading) read().catch(() => {}) // Who finds it too old reads again, and is told.
      return standing
    },
    expire() {
      readAt = Number.NEGATIVE_INFINITY
      reading = undefined
    },
  }
}

async function renew(db: Database, known: Standing | undefined): Promise<Standing> {
  if (known && (await readStandingVersion(db)) === known.version) return known
  return readStanding(db)
}
