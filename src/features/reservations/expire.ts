import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { endedAs, endingEffects } from '../../domain/effects.ts'
import type { LockedHold } from '../../domain/holds.ts'
import { writeEffects } from '../../store/effects.ts'
import { holdColumns, lockShelves } from '../../store/shelves.ts'

const BATCH = 200 // Few enough that nobody waits long for one of the shelves.

/**
 * Ends a batch of holds that have reached their expiresAt, and returns how many: 0 when none are left. Every answer and
 * decision already counts them as ended; this records it, with the events. Holds that somebody else is just ending are
 * skipped.
 */
export async function expireHolds(tx: Transaction): Promise<number> {
  const expired = await lockExpired(tx)
  if (expired.length === 0) return 0
  const shelves = await lockShelves(tx, expired)
  const at = await readClock(tx)
  writeEffects(tx, endingEffects(at, shelves, endedAs(expired, { status: 'expired' })))
  return expired.length
}

function lockExpired(tx: Transaction): Promise<LockedHold[]> {
  return rows(
    tx,
    'lock_expired_batch',
    sql`select ${holdColumns} from reservations r where r.id in (
          select id from reservations where status = 'held' and expires_at <= clock_timestamp() order by expires_at limit ${BATCH}::int)
        and r.status = 'held' order by r.id for update skip locked`,
  )
}
