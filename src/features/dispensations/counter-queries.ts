import type { Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { instant, sql, texts, uuids } from '../../db/sql.ts'
import { noSuch } from '../../domain/named.ts'
import type { NamedReservation } from '../../domain/named-reservations.ts'
import { Rejection } from '../../domain/refusals.ts'
import { pharmacySuspended } from '../../domain/suspended.ts'
import { holdColumns } from '../../store/shelves.ts'
import type { DispensationRequest } from './schema.ts'

/**
 * The pharmacy's territory. For an override the row is locked, so that two counters cannot both use the last one of the
 * week. Throws if it is suspended.
 */
export async function readPharmacy(
  tx: Transaction,
  pharmacy: string,
  { lock }: { lock: boolean },
): Promise<{ territory: string }> {
  const found = await row<{ territory: string; status: string }>(
    tx,
    lock ? 'lock_pharmacy' : 'read_pharmacy_at_counter',
    sql`select territory, status from pharmacies where finess = ${pharmacy} ${lock ? sql`for no key update` : sql``}`,
  )
  if (!found) throw noSuch('pharmacy')
  if (found.status !== 'active') throw new Rejection('pharmacy_suspended', pharmacySuspended)
  return found
}

/** How many overrides the pharmacy has used within a week. */
export async function countOverrides(tx: Transaction, pharmacy: string): Promise<number> {
  const { used } = await oneRow<{ used: number }>(
    tx,
    'count_overrides',
    sql`select count(*)::int as used from ledger_entries
        where pharmacy = ${pharmacy} and 'override' = any (flags) and recorded_at > clock_timestamp() - interval '7 days'`,
  )
  return used
}

interface WantedReservations extends Pick<DispensationRequest, 'reservations' | 'releaseHolds' | 'professional'> {
  /** The live ones on the shelves as well, which may have to give way. */
  alsoLive: boolean
}

/**
 * Locks the named reservations; expired ones on the same shelves, which give way; and the professional's own, if to be
 * released.
 */
export function lockReservations(
  tx: Transaction,
  pharmacy: string,
  products: string[],
  { reservations, releaseHolds, professional, alsoLive }: WantedReservations,
): Promise<NamedReservation[]> {
  return rows<NamedReservation>(
    tx,
    alsoLive ? 'lock_reservations_for_offline' : 'lock_reservations_for_dispensation',
    sql`with wanted as materialized (
          select id from reservations where id = any (${uuids(reservations.map(({ id }) => id))}) and pharmacy = ${pharmacy}
          union
          select id from reservations where pharmacy = ${pharmacy} and product = any (${texts(products)})
            and status = 'held' ${alsoLive ? sql`` : sql`and expires_at <= clock_timestamp()`}
          union
          select id from reservations where ${releaseHolds}::boolean and status = 'held' and person_id = any (array(
            select p.id from person_identifiers i join persons known on known.id = i.person_id
              join persons p on p.root_id = known.root_id
            where i.identifier = ${professional}))
        )
        -- As arrays: for a set, the planner expects hundreds of rows and reads all reservations to find them.
        select ${holdColumns}, r.status, r.pickup_code as "pickupCode", r.cancellation_reason as "cancellationReason",
          ${instant(sql`r.ended_at`)} as "endedAt" from reservations r
        where r.id = any (array(select id from wanted)) order by r.id for update of r`,
  )
}
