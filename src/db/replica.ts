import { setTimeout as wait } from 'node:timers/promises'
import type { Database, Queryable } from './database.ts'
import { oneRow } from './query.ts'
import { sql } from './sql.ts'

/** A standby that serves reads. */
export interface Replica {
  db: Database
  /** How many seconds it may be behind at most; undefined while that exceeds the limit or is unknown. */
  age(): number | undefined
  close(): Promise<void>
}

const LOOK_EVERY_MS = 500

/**
 * Watches how far a standby is behind, without comparing clocks: once it has replayed a position that the primary had
 * reached at a known time, it shows everything up to that time. `onChange` is called when the standby becomes fit to be
 * read and when it stops being so.
 */
export function watchReplica(
  primary: Database,
  standby: Database,
  { maxAgeSeconds, onChange }: { maxAgeSeconds: number; onChange: (isFit: boolean) => void },
): Replica {
  let marks: { at: number; position: number }[] = []
  let shownAt = Number.NEGATIVE_INFINITY
  const ageAt = (now: number) => (now - shownAt) / 1000
  const isFit = () => ageAt(performance.now()) <= maxAgeSeconds

  async function look(): Promise<void> {
    const at = performance.now() // Before the primary is asked: everything written until now is before its position.
    const written = await readPosition(primary, 'written')
    marks = [...marks.filter((mark) => at - mark.at <= maxAgeSeconds * 1000), { at, position: written ?? Infinity }]
    const replayed = (await readPosition(standby, 'replayed')) ?? -1
    shownAt = marks.findLast(({ position }) => position <= replayed)?.at ?? shownAt
  }

  const stopping = new AbortController()
  const running = (async () => {
    for (let wasFit = false; !stopping.signal.aborted; ) {
      await look().catch(() => {}) // Whoever needs the database will notice that it is away.
      if (isFit() !== wasFit) onChange(!wasFit)
      wasFit = isFit()
      await wait(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  return {
    db: standby,
    age: () => (isFit() ? ageAt(performance.now()) : undefined),
    close: async () => {
      stopping.abort()
      await running
      await standby.close()
    },
  }
}

const positions = {
  written: sql`pg_current_wal_lsn()`,
  replayed: sql`case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end`,
}

/** A position in the write-ahead log, in bytes from its beginning; null on a server that is not replaying. */
async function readPosition(db: Queryable, which: keyof typeof positions): Promise<number | null> {
  const found = await oneRow<{ position: number | null }>(
    db,
    `wal_${which}`,
    sql`select (${positions[which]} - '0/0')::float8 as position`,
  )
  return found.position
}
