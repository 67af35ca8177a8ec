import type { Readable } from 'node:stream'
import { csvCell } from '../../db/copy.ts'
import type { Database } from '../../db/database.ts'
import { type SQL, sql } from '../../db/sql.ts'
import { allIn } from '../../store/by-territory.ts'
import { type Selection, selected, selectedIn } from '../../store/selection.ts'

/** The media types of an export. */
export type ExportType = 'text/csv' | 'application/x-ndjson'

const time = (column: SQL) => sql`to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

// A hash in base64 has nothing that csvCell guards but a plus sign at its start, which is found sooner like this.
const hashCell = (hash: SQL) => sql`case when left(${hash}, 1) = '+' then '''' || ${hash} else ${hash} end`

const entryHash = sql`encode(e.entry_hash, 'base64')`
const previousHash = sql`encode(e.previous_hash, 'base64')`

/** The columns of an export in order; each row is one line of an entry. `csv` is given if the cell differs in CSV. */
const columns: readonly { name: string; value: SQL; csv?: SQL }[] = [
  { name: 'id', value: sql`e.id` },
  { name: 'kind', value: sql`e.kind` },
  { name: 'sequence', value: sql`e.seq` },
  { name: 'dispensedAt', value: time(sql`e.occurred_at`) },
  { name: 'recordedAt', value: time(sql`e.recorded_at`) },
  { name: 'pharmacy', value: sql`e.pharmacy` },
  { name: 'pharmacyTerritory', value: sql`e.pharmacy_territory` },
  { name: 'professional', value: sql`p.professional` },
  { name: 'profession', value: sql`e.profession` },
  { name: 'practiceTerritory', value: sql`e.practice_territory` },
  { name: 'product', value: sql`l.product` },
  { name: 'quantity', value: sql`l.quantity` },
  { name: 'lot', value: sql`l.lot`, csv: csvCell(sql`l.lot`) },
  { name: 'flags', value: sql`e.flags`, csv: sql`nullif(array_to_string(e.flags, ' '), '')` },
  { name: 'ruleId', value: sql`l.rule_id` },
  { name: 'windowStart', value: time(sql`l.window_start`) },
  { name: 'windowEnd', value: time(sql`l.window_end`) },
  { name: 'cap', value: sql`l.cap` },
  { name: 'received', value: sql`l.received` },
  { name: 'held', value: sql`l.held` },
  { name: 'reverses', value: sql`e.reverses` },
  { name: 'entryHash', value: entryHash, csv: hashCell(entryHash) },
  { name: 'previousHash', value: previousHash, csv: hashCell(previousHash) },
]

const entries = { table: sql`ledger_entries`, alias: sql`e`, time: sql`occurred_at` }
const list = (write: (column: (typeof columns)[number]) => SQL) => sql.join(columns.map(write), sql`, `)
const cells = list(({ name, value, csv }) => sql`${csv ?? value} as ${sql.identifier(name)}`)
const members = list(({ name, value }) => sql`${value} as ${sql.identifier(name)}`)

/**
 * Streams the selected entries, one row per line of an entry, by the time of the hand-over, oldest first, until nobody
 * wants them any more (`gone`).
 */
export function exportEntries(
  db: Database,
  selection: Selection,
  type: ExportType,
  gone: AbortSignal,
): Promise<Readable> {
  return db.copyOut(exportQuery(selection, type), type === 'text/csv' ? 'csv' : 'lines', gone)
}

/**
 * The statement of `exportEntries`, whose plan is tested.
 * @internal
 */
export function exportQuery(selection: Selection, type: ExportType): SQL {
  const inTerritories = selectedIn(selection)
  const merged = inTerritories && allIn(inTerritories.territories, entries, inTerritories.matching)
  const lines = sql`
    from ${merged ? sql`(${merged})` : sql`ledger_entries`} e
    join ledger_lines l on l.entry_id = e.id left join ledger_payloads p on p.entry_id = e.id
    ${merged ? sql`` : sql`where ${selected(selection)}`} order by e.occurred_at, e.id, l.position`
  return type === 'text/csv'
    ? sql`select ${cells} ${lines}`
    : sql`select row_to_json(r) from (select ${members} ${lines}) as r`
}
