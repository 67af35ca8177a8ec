import type { Transaction } from '../db/database.ts'
import { send } from '../db/query.ts'
import { type SQL, sql, uuids } from '../db/sql.ts'

/** What the totals count. */
export const counts = [
  'dispensed_lines',
  'dispensed_masks',
  'reversed_lines',
  'reversed_masks',
  'overridden_lines',
  'masks_beyond_cap',
  'late_lines',
  'very_late_lines',
] as const

const dimensions = ['week', 'practice_territory', 'pharmacy_territory', 'profession', 'product'] as const

/** The two tables of totals, with the columns that identify a row of each. */
const totalsTables = {
  audit_totals_by_pharmacy: ['pharmacy', ...dimensions],
  audit_totals: dimensions,
} as const satisfies Record<string, readonly string[]>

type TotalsTable = keyof typeof totalsTables

const names = (columns: readonly string[]) => sql.raw(columns.join(', '))

/** The columns of audit_totals_by_pharmacy for single lines: ledger_entries e, ledger_lines l. */
export const lineCounts: SQL = sql`
  e.pharmacy, date_trunc('week', e.occurred_at at time zone l.time_zone)::date as week, e.practice_territory,
  e.pharmacy_territory, e.profession, l.product,
  (l.effect > 0)::int::bigint as dispensed_lines, greatest(l.effect, 0)::bigint as dispensed_masks,
  (l.effect < 0)::int::bigint as reversed_lines, greatest(-l.effect, 0)::bigint as reversed_masks,
  (l.beyond_cap and 'override' = any (e.flags))::int::bigint as overridden_lines,
  (case when l.beyond_cap then least(l.quantity, l.received + l.held + l.quantity - l.cap) else 0 end)::bigint as masks_beyond_cap,
  (l.effect > 0 and 'late' = any (e.flags))::int::bigint as late_lines,
  (l.effect > 0 and 'very_late' = any (e.flags))::int::bigint as very_late_lines`

const sums = sql.raw(counts.map((count) => `sum(${count}) as ${count}`).join(', '))

/**
 * Adds the lines of entries to both tables of totals, with the COMMIT. It must happen exactly once for each entry: in
 * the transaction that gives it its place in the log.
 */
export function addToTotals(tx: Transaction, entryIds: readonly string[]): void {
  send(tx, 'add_to_totals', additionToTotals(sql`e.id = any (${uuids(entryIds)})`))
}

/**
 * The statement that adds the lines of some ledger_entries e, always in the same order, so that two cannot deadlock.
 * @internal
 */
export function additionToTotals(which: SQL): SQL {
  return sql`with line as (
        select ${lineCounts} from ledger_entries e join ledger_lines l on l.entry_id = e.id where ${which}
      ), by_pharmacy as (${addition('audit_totals_by_pharmacy')})
      ${addition('audit_totals')}`
}

function addition(table: TotalsTable): SQL {
  const keys = names(totalsTables[table])
  const added = sql.raw(counts.map((count) => `${count} = t.${count} + excluded.${count}`).join(', '))
  return sql`insert into ${sql.raw(table)} as t (${keys}, ${names(counts)})
    select ${keys}, ${sums} from line group by ${keys} order by ${keys}
    on conflict on constraint ${sql.raw(`${table}_once`)} do update set ${added}`
}

/** The rows of a table of totals that differ from what the entries in the log add up to, as breaches. */
export function differingTotals(table: TotalsTable, most: number): SQL {
  const keys = names(totalsTables[table])
  const figures = (kept: boolean) =>
    sql.raw(counts.map((count) => `coalesce(sum(${count}) filter (where kept = ${kept}), 0)`).join(', '))
  return sql`
    select 'totals' as invariant, concat_ws(' ', ${sql.raw(`'${table}'`)}, ${keys}) as row,
      format(${sql.raw(`'${counts.map((count) => `${count} %s`).join(', ')}'`)}, ${figures(true)})
        || format('; the entries add up to ${sql.raw(counts.map(() => '%s').join(', '))}', ${figures(false)}) as found
    from (
      select true as kept, ${keys}, ${names(counts)} from ${sql.raw(table)}
      union all
      select false, ${keys}, ${names(counts)} from (
        select ${lineCounts} from log_leaves g
        join ledger_entries e on e.id = g.entry_id join ledger_lines l on l.entry_id = e.id) as line
    ) as both_sides
    group by ${keys} having (${figures(true)}) is distinct from (${figures(false)}) limit ${most}::int`
}
