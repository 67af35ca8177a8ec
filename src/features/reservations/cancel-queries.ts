import type { Queryable, Transaction } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { LockedHold } from '../../domain/holds.ts'
import type { Shelf } from '../../domain/shelf.ts'
import { holdColumns, shelfColumns } from '../../store/shelves.ts'
import { isOf, type Owner } from './queries.ts'

/** Locks an owner's reservation in any state and then, in a later statement, its shelf if it is still held. */
export async function lockReservation(
  tx: Transaction,
  owner: Owner,
  id: string,
): Promise<{ locked: LockedHold | undefined; shelf: Shelf | undefined }> {
  const own = sql`reservations r where r.id = ${id}::uuid and ${isOf(owner)}`
  const name = 'professional' in owner ? 'of_professional' : 'at_pharmacy'
  const [locked, shelf] = await Promise.all([
    row<LockedHold>(tx, `lock_reservation_${name}`, sql`select ${holdColumns} from ${own} for update of r`),
    row<Shelf>(
      tx,
      `lock_shelf_of_reservation_${name}`,
      sql`select ${shelfColumns} from stock s
          where (s.pharmacy, s.product) = (select r.pharmacy, r.product from ${own} and r.status = 'held') for update of s`,
    ),
  ])
  return { locked, shelf }
}

/** At which of these pharmacies a reservation is; undefined if at none. */
export async function pharmacyOfReservation(
  db: Queryable,
  pharmacies: string[],
  id: string,
): Promise<string | undefined> {
  const found = await row<{ pharmacy: string }>(
    db,
    'pharmacy_of_reservation',
    sql`select r.pharmacy from reservations r where r.id = ${id}::uuid and ${isOf({ pharmacies })}`,
  )
  return found?.pharmacy
}
