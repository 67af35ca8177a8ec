import type { Queryable, Transaction } from '../db/database.ts'
import { oneRow, rows, send } from '../db/query.ts'
import { sql, uuids } from '../db/sql.ts'
import { WRONG_CODES_AN_HOUR } from '../domain/pickup-code.ts'
import type { Refusal } from '../domain/refusals.ts'

/** Makes lookups at a pharmacy queue, so that no code is looked at beyond the limit. */
export async function awaitTurnToLookUp(tx: Transaction, pharmacy: string): Promise<void> {
  await rows(
    tx,
    'await_turn_to_look_up',
    sql`select pg_advisory_xact_lock(hashtextextended('look up' || ${pharmacy}, 0))`,
  )
}

/**
 * How many seconds no code may be looked at because too many were wrong within the hour, at the pharmacy or for one of
 * these reservations: until the oldest that counts is an hour old. Null while tries are left.
 */
export async function secondsUntilTry(
  db: Queryable,
  pharmacy: string,
  reservations: readonly string[],
): Promise<number | null> {
  const { atPharmacy, ofReservation } = WRONG_CODES_AN_HOUR
  const { seconds } = await oneRow<{ seconds: number | null }>(
    db,
    'wait_for_tries',
    sql`select ceil(extract(epoch from max(counts.at) + interval '1 hour' - clock_timestamp()))::int as seconds from (
          (select at from pickup_code_tries
           where pharmacy = ${pharmacy} and at > clock_timestamp() - interval '1 hour'
           order by at desc offset ${atPharmacy - 1}::int limit 1)
          union all
          select nth.at from unnest(${uuids(reservations)}) as named (id), lateral (
            select at from pickup_code_tries
            where reservation_id = named.id and at > clock_timestamp() - interval '1 hour'
            order by at desc offset ${ofReservation - 1}::int limit 1) as nth
        ) as counts`,
  )
  return seconds
}

/** Counts a wrong code that was looked up, with the COMMIT; deletes the pharmacy's that no longer count. */
export function countWrongLookup(tx: Transaction, pharmacy: string): void {
  count(tx, pharmacy, null)
}

/** Counts a refusal's wrong code, if that was the reason for it. */
export function countWrongCode(tx: Transaction, pharmacy: string, { refused, facts }: Refusal): void {
  if (refused === 'pickup_code_wrong') count(tx, pharmacy, String(facts.reservation))
}

function count(tx: Transaction, pharmacy: string, reservation: string | null): void {
  send(
    tx,
    'count_wrong_code',
    sql`with over as (
          delete from pickup_code_tries where pharmacy = ${pharmacy} and at <= clock_timestamp() - interval '1 hour'
        )
        insert into pickup_code_tries (pharmacy, reservation_id) values (${pharmacy}, ${reservation}::uuid)`,
  )
}
