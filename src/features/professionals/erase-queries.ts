import type { Transaction } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { clock, instant, sql, texts, uuids } from '../../db/sql.ts'
import type { LockedHold } from '../../domain/holds.ts'
import type { Instant } from '../../domain/instant.ts'
import { holdColumns } from '../../store/shelves.ts'

/** One of the records of a human being, with everything that an erasure needs to know about it. */
export interface PersonRecord {
  personId: string
  profession: string
  /**
   * Of the practice, or else where the person was last served, so that the erasure is in the same remit as the entries.
   */
  territory: string | null
  identifiers: string[]
  /** Of what was handed over and taken back: that records were joined or erased keeps nobody’s data longer. */
  newestEntryAt: Instant | null
  /** One pharmacy of each territory in which the person was served. */
  pharmacies: string[]
}

/** The record to which an identifier belongs and all those merged with it; empty if nobody has this identifier. */
export function findRecords(tx: Transaction, identifier: string): Promise<PersonRecord[]> {
  return rows<PersonRecord>(
    tx,
    'find_records',
    sql`select p.id as "personId", p.profession,
          coalesce(p.practice_territory, (select coalesce(practice_territory, pharmacy_territory) from ledger_entries
            where person_id = p.id and pharmacy is not null order by seq desc limit 1)) as territory,
          (select coalesce(json_agg(identifier), '[]') from person_identifiers where person_id = p.id) as identifiers,
          (select ${instant(sql`max(recorded_at)`)} from ledger_entries where person_id = p.id and kind not in ('erasure', 'link')) as "newestEntryAt",
          (select coalesce(json_agg(finess), '[]') from (
            select min(pharmacy) as finess from ledger_entries where person_id = p.id and pharmacy is not null
            group by pharmacy_territory) as served) as pharmacies
        from person_identifiers i join persons known on known.id = i.person_id
        join persons p on p.root_id = known.root_id
        where i.identifier = ${identifier}`,
  )
}

/**
 * Locks all reservations of these persons in id order, and returns the live ones. The others are locked to wait for a
 * cancellation under way, which stores its answer under the professional's number.
 */
export async function lockHolds(tx: Transaction, personIds: readonly string[]): Promise<LockedHold[]> {
  const locked = await rows<LockedHold & { live: boolean }>(
    tx,
    'lock_reservations_of_persons',
    sql`select ${holdColumns}, r.status = 'held' and r.expires_at > clock_timestamp() as live from reservations r
        where r.person_id = any (${uuids(personIds)}) order by r.id for update`,
  )
  return locked.filter(({ live }) => live)
}

/** Deletes whom these persons' entries are about and the salts of their commitments; returns how many. */
export async function deletePayloads(tx: Transaction, personIds: readonly string[]): Promise<number> {
  const deleted = await rows(
    tx,
    'delete_payloads',
    sql`delete from ledger_payloads where entry_id in (
          select id from ledger_entries where person_id = any (${uuids(personIds)}) and kind <> 'erasure')
        returning 1`,
  )
  return deleted.length
}

/**
 * Removes these persons from the stored answers, and returns how many were changed or deleted. The key of an entry goes
 * on answering, without the number and the pharmacist's note, so that no retry can ever dispense again: it takes whom
 * the entry is about from its payload, and only answers of earlier releases say so themselves. Release 0.1.0 kept one
 * hash, with the number, which can be guessed from it: without it, a retry is refused. What the persons sent
 * themselves, what the directory answered about them, and why a pharmacy cancelled a reservation of theirs is deleted,
 * whichever issuer their tokens came from.
 */
export async function eraseAnswers(
  tx: Transaction,
  personIds: readonly string[],
  identifiers: readonly string[],
): Promise<number> {
  const { erased } = await oneRow<{ erased: number }>(
    tx,
    'erase_answers',
    sql`with unnamed as (
          update idempotency_keys set
            request_hash = case
              when length(request_hash) = 32 and response ->> 'kind' = 'dispensation' and response ->> 'professional' is not null then ''
              else substring(request_hash for 32) end,
            response = (
              select json_object_agg(key, case when key in ('professional', 'override') then json 'null' else value end)
              from json_each(response))
          where response ->> 'id' = any (array(select id::text from ledger_entries where person_id = any (${uuids(personIds)})))
            and made is null and expires_at is null
          returning 1
        ), gone as (
          delete from idempotency_keys
          where split_part(scope, chr(10), 2) = 'professional' and split_part(scope, chr(10), 3) = any (${texts(identifiers)})
            or response ->> 'id' = any (${texts(identifiers)})
            or response ->> 'id' = any (array(select id::text from reservations where person_id = any (${uuids(personIds)})))
          returning 1
        )
        select ((select count(*) from unnamed) + (select count(*) from gone))::int as erased`,
  )
  return erased
}

/**
 * Removes everything that names the person, or was written or tells about them, from the records; the surrogate,
 * profession and territory are left. A pharmacy's words for why a reservation could not be served may name anybody.
 */
export async function eraseRecords(tx: Transaction, personIds: readonly string[]): Promise<void> {
  await rows(
    tx,
    'erase_records',
    sql`with gone as (
          delete from person_identifiers where person_id = any (${uuids(personIds)})
        ), untold as (
          update reservations set distance_metres = null,
            cancellation_reason = case when status = 'cancelled' then 'erased' end
          where person_id = any (${uuids(personIds)}) and status <> 'held'
        ), parted as (
          update identity_doubts set reason = null
          where (one_id = any (${uuids(personIds)}) or other_id = any (${uuids(personIds)})) and reason is not null
        )
        update persons set family_name = null, given_name = null, speciality = null, practice_location = null,
          erased_at = ${clock}, updated_at = ${clock}
        where id = any (${uuids(personIds)})`,
  )
}
