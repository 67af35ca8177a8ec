import type { Queryable } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { type SQL, sql, timestamp } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import { recordsOf } from '../../store/persons.ts'
import { frozenInRemit } from '../../store/remit.ts'

/** Which entries of the log are wanted; null means no limit. */
export interface Selection {
  from: Instant | null
  to: Instant | null
  pharmacy: string | null
  professional: string | null
}

/** What a bundle covers: the log up to `size`, all of it or a selection; for a regulator, within its remit. */
export interface Wanted {
  size: number
  selection: Selection | null
  regulator: Caller | null
}

/** An entry from the database. Bytes are base64 with PostgreSQL's line breaks; `columns` is JSON. */
export interface StoredEntry {
  index: number
  canonical: string
  columns: string
  payload: string | null
  salt: string | null
  professional: string | null
  erasedBy: number | null
  entryHash: string
  inRemit: boolean
}

/** How many wanted entries there are from one index (inclusive) to another (exclusive). */
export async function countEntries(
  db: Queryable,
  wanted: Wanted,
  range: { start: number; end: number },
): Promise<number> {
  const { matching, shape } = conditions(wanted)
  const found = await oneRow<{ entries: number }>(
    db,
    `count_bundle_entries_${shape}`,
    sql`select count(*)::float8 as entries from log_leaves l join ledger_entries e on e.id = l.entry_id
        where l.index >= ${range.start}::bigint and l.index < ${range.end}::bigint and ${matching}`,
  )
  return found.entries
}

/** The first wanted entries from one index (inclusive) to another (exclusive). */
export function readEntries(
  db: Queryable,
  wanted: Wanted,
  range: { start: number; end: number; limit: number },
): Promise<StoredEntry[]> {
  const { matching, inRemit, shape } = conditions(wanted)
  return rows(
    db,
    `bundle_entries_${shape}`,
    sql`select l.index::float8 as index, encode(e.canonical, 'base64') as canonical, ${columns} as columns,
          encode(p.payload, 'base64') as payload, encode(p.salt, 'base64') as salt, p.professional,
          case when p.entry_id is null then (
            select min(g.index)::float8 from log_leaves g join ledger_entries erasure on erasure.id = g.entry_id
            where erasure.person_id = e.person_id and erasure.kind = 'erasure' and erasure.seq > e.seq
              and g.index < ${wanted.size}::bigint) end as "erasedBy",
          encode(e.entry_hash, 'base64') as "entryHash", ${inRemit} as "inRemit"
        from log_leaves l join ledger_entries e on e.id = l.entry_id left join ledger_payloads p on p.entry_id = e.id
        where l.index >= ${range.start}::bigint and l.index < ${range.end}::bigint and ${matching}
        order by l.index limit ${range.limit}::int`,
  )
}

/** The last checkpoint of each UTC day before that of the newest, newest first. */
export function dailyCheckpoints(db: Queryable, newest: number): Promise<{ size: number; note: string }[]> {
  return rows(
    db,
    'daily_checkpoints',
    sql`with recursive day as (
          select size, note, published_at from log_checkpoints where size = ${newest}::bigint
          union all
          select earlier.* from day, lateral (
            select size, note, published_at from log_checkpoints
            where published_at < date_trunc('day', day.published_at, 'utc') order by published_at desc, size desc limit 1
          ) earlier
        )
        select size::float8, note from day where size > 0 and size < ${newest}::bigint order by day.size desc`,
  )
}

// A person's few entries are found by the person, any other selection by walking the log: two statements, two plans.
function conditions({ selection, regulator }: Wanted): { matching: SQL; inRemit: SQL; shape: string } {
  const person = selection?.professional ?? null
  const inRemit = regulator ? frozenInRemit(sql`e`, regulator) : sql`true`
  const matching = sql`(${selection?.pharmacy ?? null}::text is null or e.pharmacy = ${selection?.pharmacy ?? null})
    and (${timestamp(selection?.from ?? null)} is null or e.occurred_at >= ${timestamp(selection?.from ?? null)})
    and (${timestamp(selection?.to ?? null)} is null or e.occurred_at < ${timestamp(selection?.to ?? null)})`
  const reader = regulator ? 'in_remit' : 'of_all'
  // A person's history includes the entries outside the remit, by their hashes alone.
  if (person === null) return { matching: sql`${matching} and ${inRemit}`, inRemit: sql`true`, shape: reader }
  return { matching: sql`${matching} and e.person_id in ${recordsOf(person)}`, inRemit, shape: `of_person_${reader}` }
}

// Writes times as sealing does. A time that sealing cannot write is written as PostgreSQL does, so it can never match.
const time = (column: SQL) => sql`case when ${column} between '0001-01-01T00:00:00Z' and '9999-12-31T23:59:59.999Z'
  then to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') else ${column}::text end`

// Compact JSON in the order of the type Columns: row_to_json writes no spaces, unlike json_build_object.
const columns = sql`(select row_to_json(c) from (select e.id, e.person_id as "personId", e.seq,
    encode(e.previous_hash, 'base64') as "previousHash", e.kind, ${time(sql`e.recorded_at`)} as "recordedAt",
    ${time(sql`e.occurred_at`)} as "occurredAt", e.pharmacy, e.profession, e.practice_territory as "practiceTerritory",
    e.pharmacy_territory as "pharmacyTerritory",
    array(select row_to_json(line) from (select position, person_id as "personId", product, quantity, effect,
        ${time(sql`counted_at`)} as "countedAt", lot, rule_id as "ruleId", ${time(sql`window_start`)} as "windowStart",
        ${time(sql`window_end`)} as "windowEnd", time_zone as "timeZone", cap, received, held
      from ledger_lines where entry_id = e.id order by position) line) as lines,
    e.flags, e.reverses, encode(e.entry_hash, 'base64') as "entryHash") c)::text`
