import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { instant, type SQL, sql, uuids } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import { type EntryRow, entryColumns } from '../../store/entries.ts'
import { recordsOf } from '../../store/persons.ts'
import { type TimePage, timePage } from '../../store/time-page.ts'
import type { OwnData } from './schema.ts'

type Item<List extends keyof OwnData> = OwnData[List] extends (infer Each)[] ? Each : never

/** An item as read, with its times still instants. */
type Stored<Each, Times extends keyof Each> = Omit<Each, Times> & {
  [Time in Times]: null extends Each[Time] ? Instant | null : Instant
}

/** The directory's records of the person with an identifier; empty if it does not know the person. */
export function readRecords(db: Queryable, identifier: string): Promise<Stored<Item<'records'>, 'updatedAt'>[]> {
  return rows(
    db,
    'own_records',
    sql`select p.id as person, p.merged_into as "mergedInto", p.profession, p.speciality, p.family_name as "familyName",
          p.given_name as "givenName", p.status, ${instant(sql`p.updated_at`)} as "updatedAt",
          (select coalesce(json_agg(identifier order by identifier), '[]') from person_identifiers where person_id = p.id) as numbers,
          case when p.practice_location is not null then json_build_object(
            'latitude', ST_Y(p.practice_location::geometry), 'longitude', ST_X(p.practice_location::geometry),
            'territory', p.practice_territory) end as practice
        from persons p where p.id in ${recordsOf(identifier)} order by p.merged_into nulls first, p.id`,
  )
}

/** The doubts whether other records are the person's of these. */
export function readDoubts(
  db: Queryable,
  persons: readonly string[],
): Promise<Stored<Item<'doubts'>, 'openedAt' | 'decidedAt'>[]> {
  return rows(
    db,
    'own_doubts',
    sql`select ${instant(sql`opened_at`)} as "openedAt", issuer, decision, ${instant(sql`decided_at`)} as "decidedAt"
        from identity_doubts where one_id = any (${uuids(persons)}) or other_id = any (${uuids(persons)}) order by id desc`,
  )
}

/** An entry with what proves it. */
export interface ProvedEntry extends EntryRow {
  at: Instant
  person: string
  canonical: string
  payload: string | null
  salt: string | null
}

/** A page of the entries of some records, newest first. */
export function readEntries(db: Queryable, persons: readonly string[], page: TimePage): Promise<ProvedEntry[]> {
  return rows(
    db,
    'own_entries',
    sql`select ${entryColumns}, ${instant(sql`e.at`)} as at, e.person_id as person, convert_from(e.canonical, 'UTF8') as canonical,
          (select convert_from(payload, 'UTF8') from ledger_payloads where entry_id = e.id) as payload,
          (select encode(salt, 'base64') from ledger_payloads where entry_id = e.id) as salt
        from (${ofPersons(sql`ledger_entries`, sql`recorded_at`, persons)}) as e
        where ${timePage(sql`e`, page)}`,
  )
}

type ReservationRow = Stored<Item<'reservations'>, 'createdAt' | 'expiresAt' | 'endedAt'> & { at: Instant }

/** A page of the reservations of some records, newest first. */
export function readReservations(db: Queryable, persons: readonly string[], page: TimePage): Promise<ReservationRow[]> {
  const isLive = sql`r.status = 'held' and r.expires_at > clock_timestamp()`
  return rows(
    db,
    'own_reservations',
    sql`select r.id, r.person_id as person, r.pharmacy, r.product, r.quantity, r.distance_metres as "distanceMetres",
          case when ${isLive} then r.pickup_code end as "pickupCode",
          r.label, case when r.status = 'held' and not (${isLive}) then 'expired' else r.status end as status,
          r.collected_quantity as "collectedQuantity", r.collected_by as "collectedBy",
          r.cancellation_reason as "cancellationReason", ${instant(sql`r.at`)} as at, ${instant(sql`r.at`)} as "createdAt",
          ${instant(sql`r.expires_at`)} as "expiresAt", ${instant(sql`r.ended_at`)} as "endedAt"
        from (${ofPersons(sql`reservations`, sql`created_at`, persons)}) as r where ${timePage(sql`r`, page)}`,
  )
}

type RefusalRow = Stored<Item<'refusals'>, 'at' | 'windowStart' | 'windowEnd'>

/** A page of the refusals to some records, newest first. */
export function readRefusals(db: Queryable, persons: readonly string[], page: TimePage): Promise<RefusalRow[]> {
  return rows(
    db,
    'own_refusals',
    sql`select id, person_id as person, ${instant(sql`at`)} as at, verb, code, pharmacy, operator, profession,
          practice_territory as "practiceTerritory", pharmacy_territory as "pharmacyTerritory", dispensation, product, quantity,
          rule_id as rule, ${instant(sql`window_start`)} as "windowStart", ${instant(sql`window_end`)} as "windowEnd",
          cap, received, held, available, facts
        from refusals where person_id = any (${uuids(persons)}) and ${timePage(sql`refusals`, page)}`,
  )
}

function ofPersons(table: SQL, time: SQL, persons: readonly string[]): SQL {
  return sql`select *, ${time} as at from ${table} where person_id = any (${uuids(persons)})`
}
