import type { Queryable } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { sql, texts } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import { entryReaderOf } from '../../http/readable.ts'
import { type Reading, recordingList, recordingOne } from '../../store/accesses.ts'
import { type EntryRow, entryColumns, entryReadableBy } from '../../store/entries.ts'

/** An entry with the surrogate of the person concerned, for the access record. */
export type ReadEntry = EntryRow & { personId: string }

/** One entry, if the caller may read it, else undefined. The reading is recorded, attempts included. */
export function findEntry(
  db: Queryable,
  caller: Caller,
  id: string,
  reading?: Reading,
): Promise<ReadEntry | undefined> {
  const isReadable = sql`${atACounter} and ${entryReadableBy(entryReaderOf(caller))}`
  return row(
    db,
    `find_entry_as_${caller.role}${reading ? '_recorded' : ''}`,
    sql`${reading ? recordingOne(reading, { entry: id }, isReadable) : sql``}
        select ${entryColumns}, e.person_id as "personId" from ledger_entries e
        where e.id = ${id}::uuid and ${isReadable}`,
  )
}

/** An entry that is known to be there, whoever asks. */
export function readEntry(db: Queryable, id: string): Promise<EntryRow> {
  return oneRow(db, 'read_entry', sql`select ${entryColumns} from ledger_entries e where e.id = ${id}::uuid`)
}

/** At which of these pharmacies an entry was made; undefined if at none. */
export async function pharmacyOfEntry(db: Queryable, pharmacies: string[], id: string): Promise<string | undefined> {
  const found = await row<{ pharmacy: string }>(
    db,
    'pharmacy_of_entry',
    sql`select pharmacy from ledger_entries where id = ${id}::uuid and pharmacy = any (${texts(pharmacies)})`,
  )
  return found?.pharmacy
}

/**
 * The entries that the caller may read, newest first after a position, one more than a page; those of one pharmacy if
 * given. The reading is recorded.
 */
export function listEntries(
  db: Queryable,
  caller: Caller,
  { pharmacy, before, limit }: { pharmacy: string | undefined; before: string | null; limit: number },
  reading?: Reading,
): Promise<ReadEntry[]> {
  const list = sql`select ${entryColumns}, e.person_id as "personId" from ledger_entries e
        where ${atACounter} and ${entryReadableBy(entryReaderOf(caller))} and (${pharmacy ?? null}::text is null or e.pharmacy = ${pharmacy ?? null}::text)
          and e.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by e.id desc limit ${limit + 1}::int`
  return rows(
    db,
    `list_entries_as_${caller.role}`,
    reading ? recordingList(reading, list, limit, sql`order by id desc`) : list,
  )
}

// Links and erasures concern a person's records, not masks.
const atACounter = sql`e.kind in ('dispensation', 'reversal')`
