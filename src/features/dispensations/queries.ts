import { sql } from 'drizzle-orm'
import type { Queryable } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import type { Caller } from '../../http/caller.ts'
import { entryReadableBy } from '../../http/readable-entries.ts'
import { type EntryRow, entryColumns } from '../../store/entries.ts'

/** An entry with the person that it is about, by surrogate, for the access record. */
export type ReadEntry = EntryRow & { personId: string }

/** One entry that the caller may read: its pharmacy's, its own, or in its remit; undefined otherwise. */
export function findEntry(db: Queryable, caller: Caller, id: string): Promise<ReadEntry | undefined> {
  return row(
    db,
    `find_entry_as_${caller.role}`,
    sql`select ${entryColumns}, e.person_id as "personId" from ledger_entries e
        where e.id = ${id}::uuid and ${atACounter} and ${entryReadableBy(caller)}`,
  )
}

/** Whom an entry is about, by surrogate; undefined when there is no such entry. */
export async function personOfEntry(db: Queryable, id: string): Promise<string | undefined> {
  const found = await row<{ personId: string }>(
    db,
    'person_of_entry',
    sql`select person_id as "personId" from ledger_entries where id = ${id}::uuid`,
  )
  return found?.personId
}

/** Entries that the caller may read, newest first, after a position; of one pharmacy if said. */
export function listEntries(
  db: Queryable,
  caller: Caller,
  { pharmacy, before, limit }: { pharmacy: string | undefined; before: string | null; limit: number },
): Promise<ReadEntry[]> {
  return rows(
    db,
    `list_entries_as_${caller.role}`,
    sql`select ${entryColumns}, e.person_id as "personId" from ledger_entries e
        where ${atACounter} and ${entryReadableBy(caller)} and (${pharmacy ?? null}::text is null or e.pharmacy = ${pharmacy ?? null}::text)
          and e.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by e.id desc limit ${limit}::int`,
  )
}

// Links and erasures are about a person's records, not about masks.
const atACounter = sql`e.kind in ('dispensation', 'reversal')`
