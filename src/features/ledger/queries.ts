import type { Queryable } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import { entryReaderOf } from '../../http/readable.ts'
import { type Reading, recordingOne } from '../../store/accesses.ts'
import { entryReadableBy } from '../../store/entries.ts'

/**
 * The place in the log of an entry that the caller may read; null while it has none, undefined if there is no such
 * entry. The reading is recorded, attempts included.
 */
export function findLeaf(
  db: Queryable,
  caller: Caller,
  entryId: string,
  reading: Reading | undefined,
): Promise<{ entryHash: string; index: number | null } | undefined> {
  return row(
    db,
    `find_leaf_as_${caller.role}`,
    sql`${reading ? recordingOne(reading, { entry: entryId }, entryReadableBy(entryReaderOf(caller))) : sql``}
        select encode(e.entry_hash, 'base64') as "entryHash", l.index::float8 as index
        from ledger_entries e left join log_leaves l on l.entry_id = e.id
        where e.id = ${entryId}::uuid and ${entryReadableBy(entryReaderOf(caller))}`,
  )
}
