import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql, timestamp } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import type { TimePosition } from '../../http/pages.ts'
import { type EntryRow, entryColumns } from '../../store/entries.ts'
import { recordsOf } from '../../store/persons.ts'
import { frozenInRemit } from '../../store/remit.ts'

const after = (before: TimePosition | null, limit: number) => sql`
  and (${before?.id ?? null}::uuid is null or (e.recorded_at, e.id) < (${timestamp(before?.at ?? null)}, ${before?.id ?? null}::uuid))
  order by e.recorded_at desc, e.id desc limit ${limit}::int`

/** A professional's own history, newest first. */
export function readOwnHistory(
  db: Queryable,
  identifier: string,
  before: TimePosition | null,
  limit: number,
): Promise<EntryRow[]> {
  return rows(
    db,
    'read_own_history',
    sql`select ${entryColumns} from ledger_entries e where e.person_id in ${recordsOf(identifier)} ${after(before, limit)}`,
  )
}

/** A history as a regulator may see it: it may read the entries that are `inRemit`; of others it sees only hashes. */
export function readHistoryInRemit(
  db: Queryable,
  regulator: Caller,
  identifier: string,
  before: TimePosition | null,
  limit: number,
): Promise<(EntryRow & { inRemit: boolean })[]> {
  return rows(
    db,
    'read_history_in_remit',
    sql`select ${entryColumns}, ${frozenInRemit(sql`e`, regulator)} as "inRemit"
        from ledger_entries e where e.person_id in ${recordsOf(identifier)} ${after(before, limit)}`,
  )
}
