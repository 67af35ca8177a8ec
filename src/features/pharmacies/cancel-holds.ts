import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import { type Effects, endedAs, endingEffects } from '../../domain/effects.ts'
import type { LockedHold } from '../../domain/holds.ts'
import type { Shelf } from '../../domain/shelf.ts'
import { holdColumns, shelfColumns } from '../../store/shelves.ts'

/**
 * What ending the reservations at a pharmacy does, for a reason, so that nobody's entitlement waits for masks that
 * cannot be fetched. The pharmacy's row is locked, and no reservation can be made any more once it is written: one that
 * is being made has locked its shelf, so that it is there once the shelves are ours, or finds the pharmacy closed.
 */
export async function cancelledHolds(tx: Transaction, finess: string, reason: string): Promise<Effects> {
  // Reservations before shelves, as everywhere. Those that came in between are nobody's yet, or are about to end: then
  // their locks are not waited for, and all begins anew.
  const [, shelves, holds, at] = await Promise.all([
    lockHolds(tx, finess, 'wait'),
    lockShelvesAt(tx, finess),
    lockHolds(tx, finess, 'nowait'),
    readClock(tx),
  ])
  const ended = [
    ...endedAs(
      holds.filter(({ expiresAt }) => expiresAt <= at),
      { status: 'expired' },
    ),
    ...endedAs(
      holds.filter(({ expiresAt }) => expiresAt > at),
      { status: 'cancelled', cancellationReason: reason },
    ),
  ]
  return endingEffects(at, shelves, ended)
}

function lockHolds(tx: Transaction, finess: string, mode: 'wait' | 'nowait'): Promise<LockedHold[]> {
  return rows(
    tx,
    `lock_holds_at_pharmacy_${mode}`,
    sql`select ${holdColumns} from reservations r where r.pharmacy = ${finess} and r.status = 'held'
        order by r.id for update of r ${mode === 'wait' ? sql`` : sql`nowait`}`,
  )
}

/** Locks all shelves of a pharmacy in the order that everybody uses. */
export function lockShelvesAt(tx: Transaction, finess: string): Promise<Shelf[]> {
  return rows(
    tx,
    'lock_shelves_at_pharmacy',
    sql`select ${shelfColumns} from stock s where s.pharmacy = ${finess} order by s.product for update of s`,
  )
}
