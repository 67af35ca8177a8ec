import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { timestamp } from '../../db/sql.ts'
import { type Instant, LATEST } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import { entryInRemit } from '../../http/readable-entries.ts'
import { type EntryRow, entryColumns } from '../../store/entries.ts'

/** The position of an entry in a history. */
export const position = z.strictObject({ at: z.int().min(0).max(LATEST), id: z.uuid() })

const ofPerson = (identifier: string) => sql`e.person_id in (
  select p.id from person_identifiers i join persons known on known.id = i.person_id
  join persons p on coalesce(p.merged_into, p.id) = coalesce(known.merged_into, known.id)
  where i.identifier = ${identifier})`

const after = (before: { at: Instant; id: string } | null, limit: number) => sql`
  and (${before?.id ?? null}::uuid is null or (e.recorded_at, e.id) < (${timestamp(before?.at ?? null)}, ${before?.id ?? null}::uuid))
  order by e.recorded_at desc, e.id desc limit ${limit}::int`

/** A professional's own history, newest first. */
export function readOwnHistory(
  db: Queryable,
  identifier: string,
  before: { at: Instant; id: string } | null,
  limit: number,
): Promise<EntryRow[]> {
  return rows(
    db,
    'read_own_history',
    sql`select ${entryColumns} from ledger_entries e where ${ofPerson(identifier)} ${after(before, limit)}`,
  )
}

/** A history as a regulator may see it: `inRemit` says which entries it may read, of the others only hashes. */
export function readHistoryInRemit(
  db: Queryable,
  regulator: Caller,
  identifier: string,
  before: { at: Instant; id: string } | null,
  limit: number,
): Promise<(EntryRow & { inRemit: boolean })[]> {
  return rows(
    db,
    'read_history_in_remit',
    sql`select ${entryColumns}, ${entryInRemit(regulator)} as "inRemit"
        from ledger_entries e where ${ofPerson(identifier)} ${after(before, limit)}`,
  )
}
