import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { endedAs, endingEffects, type LockedHold } from '../../domain/effects.ts'
import { writeEffects } from '../../store/effects.ts'
import { holdColumns, lockShelves } from '../../store/shelves.ts'

const BATCH = 200 // Few enough shelves that nobody waits long for one of them.

/**
 * Ends a batch of holds that have reached their expiresAt, and returns how many: 0 when none is left. Every answer and
 * decision counts them as ended already; this writes it down, with its events. Those that somebody else is ending now
 * are passed over.
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
