import type { Queryable } from '../db/database.ts'
import { oneRow, row } from '../db/query.ts'
import { rfc3339, type SQL, sql, texts } from '../db/sql.ts'
import type { EventKind, EventType } from '../domain/event-types.ts'
import { type Reading, recordListReadings } from './accesses.ts'
import { recordsOf } from './persons.ts'
import { frozenInRemit, pharmacyInRemit, type Remit } from './remit.ts'

// How much of the log one statement looks through: a few milliseconds' worth.
const WINDOW = 5_000
// Of more pharmacies it is cheaper to look through the log than to look each of them up.
const FEW = 50

/** Who reads events, and of which kinds: those of what they may read otherwise. */
export type EventReader = { kinds: readonly EventKind[] } & (
  | { role: 'pharmacy'; pharmacies: readonly string[] }
  | { role: 'professional'; identifier: string }
  | { role: 'regulator'; remit: Remit }
)

/** Which events are wanted, of those that the reader may read. */
export interface EventSelection {
  types?: readonly EventType[] | undefined
  pharmacy?: string | undefined
}

/** An event as its readers see it. */
export interface LoggedEvent {
  id: string
  type: EventType
  /** RFC 3339. */
  at: string
  data: Record<string, unknown>
}

/** An event at its place in the log. */
export interface PlacedEvent {
  place: number
  event: LoggedEvent
}

/** What was found of a part of the log. */
export interface FoundEvents {
  found: PlacedEvent[]
  /** Everything up to it has been looked at. */
  place: number
  /** Whether there may be more behind it already. */
  more: boolean
  /** Up to where events have been forgotten: whoever read on from before it has missed some. */
  gone: number
}

interface Row extends LoggedEvent {
  place: number
  pharmacy: string | null
  personId: string | null
}

interface Found {
  events: Row[]
  last: number
  gone: number
  looked: number
  lookedTo: number | null
}

/**
 * The next events after a place in the log that the reader may read, by what it may do now. With a reading, it is
 * recorded whose data it shows, before it returns. `logEvents` comes first where the newest must not be missed.
 */
export async function readEvents(
  db: Queryable,
  reader: EventReader,
  { types, pharmacy }: EventSelection,
  { after, limit }: { after: number; limit: number },
  reading?: Omit<Reading, 'kind'>,
): Promise<FoundEvents> {
  const wanted = { types: types ?? null, kinds: reader.kinds, pharmacy: pharmacy ?? null }
  const { name, looked, most } = lookedAt(reader, wanted, { after, limit })
  const { events, last, gone, ...window } = await oneRow<Found>(
    db,
    `read_events_${name}`,
    sql`with looked as materialized (${looked}), found as (
          select l.* from looked l where ${isWanted(wanted)} and ${isReadableBy(reader)} order by l.place limit ${limit}::int
        )
        select s.last::float8 as last, s.gone::float8 as gone, (select count(*)::int from looked) as looked,
          (select max(place)::float8 from looked) as "lookedTo",
          (select coalesce(json_agg(json_build_object('place', place, 'id', id, 'type', type, 'at', ${rfc3339(sql`at`)},
            'data', data, 'pharmacy', pharmacy, 'personId', person_id) order by place), '[]') from found) as events
        from event_log_state s`,
  )
  if (reading && reader.role !== 'professional') await recordPersons(db, reading, events)
  const full = events.length === limit ? events.at(-1)?.place : undefined
  const cut = window.looked === most ? (window.lookedTo ?? undefined) : undefined
  return {
    found: events.map(({ place, pharmacy: _, personId: __, ...event }) => ({ place, event })),
    place: full ?? cut ?? Math.max(after, last),
    more: (full ?? cut) !== undefined,
    gone,
  }
}

/**
 * Where the reader of an event continues: behind it or, if it was logged again after a fail-over, where it may have
 * been read before. Undefined if there is no such event.
 */
export async function placeOfEvent(db: Queryable, id: string): Promise<number | undefined> {
  const found = await row<{ place: number }>(
    db,
    'place_of_event',
    sql`select coalesce(resume_from, place)::float8 as place from event_log where id = ${id}::uuid`,
  )
  return found?.place
}

interface Wanted {
  types: readonly string[] | null
  kinds: readonly string[]
  pharmacy: string | null
}

// A few pharmacies' events, and one person's, are looked up; others' are picked out of the next part of the log.
function lookedAt(
  reader: EventReader,
  wanted: Wanted,
  { after, limit }: { after: number; limit: number },
): { name: string; looked: SQL; most: number } {
  const next = (where: SQL) =>
    sql`(select l.* from event_log l where ${where} and l.place > ${after}::bigint and ${isWanted(wanted)}
      order by l.place limit ${limit}::int)`
  const ofNobody = next(sql`l.pharmacy is null and l.person_id is null`)
  if (reader.role === 'professional') {
    const own = sql`select e.* from ${recordsOf(reader.identifier)} as record(id)
      cross join lateral ${next(sql`l.person_id = record.id`)} as e`
    return { name: 'of_professional', looked: sql`${own} union all ${ofNobody}`, most: Number.POSITIVE_INFINITY }
  }
  if (reader.role === 'pharmacy' && reader.pharmacies.length <= FEW) {
    const own = sql`select e.* from unnest(${texts(reader.pharmacies)}) as own(finess)
      cross join lateral ${next(sql`l.pharmacy = own.finess`)} as e`
    return { name: 'of_pharmacies', looked: sql`${own} union all ${ofNobody}`, most: Number.POSITIVE_INFINITY }
  }
  return {
    name: `for_${reader.role}`,
    looked: sql`select l.* from event_log l where l.place > ${after}::bigint order by l.place limit ${WINDOW}::int`,
    most: WINDOW,
  }
}

/** A condition over event_log l. */
function isWanted({ types, kinds, pharmacy }: Wanted): SQL {
  return sql`(split_part(l.type, '.', 1) = any (${texts(kinds)})
    and (${texts(types)} is null or l.type = any (${texts(types)}))
    and (${pharmacy}::text is null or l.pharmacy = ${pharmacy}::text))`
}

/** A condition over event_log l. What is about no pharmacy and no person, such as a rule, is for everybody. */
function isReadableBy(reader: EventReader): SQL {
  const ofNobody = sql`(l.pharmacy is null and l.person_id is null)`
  switch (reader.role) {
    case 'pharmacy':
      return sql`(l.pharmacy = any (${texts(reader.pharmacies)}) or ${ofNobody})`
    case 'professional':
      return sql`(l.person_id in ${recordsOf(reader.identifier)} or ${ofNobody})`
    case 'regulator':
      // As the entry itself: by the territories and the profession that are frozen in it.
      return sql`case when ${ofNobody} then true
        when l.type like 'dispensation.%' then exists (select from ledger_entries e
          where e.id = (l.data ->> 'id')::uuid and ${frozenInRemit(sql`e`, reader.remit)})
        else ${pharmacyInRemit(sql`l.pharmacy`, reader.remit)} end`
  }
}

async function recordPersons(db: Queryable, reading: Omit<Reading, 'kind'>, events: readonly Row[]): Promise<void> {
  const shown = events.flatMap(({ type, pharmacy, personId }) => {
    if (personId === null) return []
    const kind: Reading['kind'] = type.startsWith('dispensation.') ? 'dispensation' : 'reservation'
    return [{ kind, pharmacy: reading.reader.role === 'pharmacy' ? pharmacy : null, personId }]
  })
  if (shown.length > 0) await recordListReadings(db, reading, shown)
}
