import { sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { texts } from '../db/sql.ts'

/** Whether the professional with this identifier is suspended; one who is not in the directory is not. */
export async function isProfessionalSuspended(db: Queryable, identifier: string): Promise<boolean> {
  const found = await row<{ suspended: boolean }>(
    db,
    'is_professional_suspended',
    sql`select root.status = 'suspended' as suspended from person_identifiers i
        join persons known on known.id = i.person_id
        join persons root on root.id = coalesce(known.merged_into, known.id)
        where i.identifier = ${identifier}`,
  )
  return found?.suspended ?? false
}

/** Those of the pharmacies that are suspended or closed. */
export async function suspendedPharmacies(db: Queryable, finess: readonly string[]): Promise<string[]> {
  const found = await rows<{ finess: string }>(
    db,
    'suspended_pharmacies',
    sql`select finess from pharmacies where finess = any (${texts(finess)}) and status <> 'active'`,
  )
  return found.map((row) => row.finess)
}
