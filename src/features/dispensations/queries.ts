import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import { oneRow, row } from '../../db/query.ts'
import { sql, texts, timestamp } from '../../db/sql.ts'
import type { Caller } from '../../http/caller.ts'
import { entryReaderOf } from '../../http/readable.ts'
import { type Reading, recordingList, recordingOne } from '../../store/accesses.ts'
import { type EntryRow, entryColumns, entryReadableBy, operatorOfEntry } from '../../store/entries.ts'
import { type ListFilter, listed, matching } from '../../store/filters.ts'

// Its own pharmacy alone is shown who was at the counter.
const columnsFor = ({ role }: Caller) =>
  role === 'pharmacy' ? sql`${entryColumns}, ${operatorOfEntry} as operator` : entryColumns

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
        select ${columnsFor(caller)}, e.person_id as "personId" from ledger_entries e
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

/** The id of a hand-over that is named by the key that made it, or by itself; undefined if no key or id reads so. */
export async function findDispensationNamed(db: Queryable, scope: string, named: string): Promise<string | undefined> {
  const made = await row<{ id: string | null }>(
    db,
    'entry_made_by_key',
    sql`select made as id from idempotency_keys where scope = ${scope} and key = ${named}`,
  )
  return made?.id ?? z.uuid().safeParse(named).data?.toLowerCase()
}

/** Which entries are listed, of those that the caller may read. */
export type EntryFilter = ListFilter & {
  pharmacy?: string | undefined
  kind?: string | undefined
  flag?: string | undefined
}

/**
 * The entries that the caller may read, newest first after a position, one more than a page. The reading is recorded.
 */
export function listEntries(
  db: Queryable,
  caller: Caller,
  { pharmacy, ...filter }: EntryFilter,
  { before, limit }: { before: string | null; limit: number },
  reading?: Reading,
): Promise<ReadEntry[]> {
  const list = sql`select ${columnsFor(caller)}, e.person_id as "personId" from ledger_entries e
        where ${atACounter} and ${entryReadableBy(entryReaderOf(caller))} and (${pharmacy ?? null}::text is null or e.pharmacy = ${pharmacy ?? null}::text)
          and e.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          ${matching(filter, {
            from: (from) => sql`e.occurred_at >= ${timestamp(from)}`,
            to: (to) => sql`e.occurred_at < ${timestamp(to)}`,
            product: (product) =>
              sql`exists (select from ledger_lines l where l.entry_id = e.id and l.product = ${product} offset 0)`,
            kind: (kind) => sql`e.kind = ${kind}`,
            flag: (flag) => sql`e.flags <> '{}' and e.flags @> array[${flag}::text]`,
            operator: (operator) => sql`${operatorOfEntry} = ${operator}`,
          })}
        order by e.id desc limit ${limit + 1}::int`
  return listed(
    db,
    `list_entries_as_${caller.role}`,
    filter,
    reading ? recordingList(reading, list, limit, sql`order by id desc`) : list,
  )
}

// Links and erasures concern a person's records, not masks.
const atACounter = sql`e.kind in ('dispensation', 'reversal')`
