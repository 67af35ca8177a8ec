import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { type SQL, sql, texts } from '../../db/sql.ts'
import { counts, lineCounts } from '../../store/totals.ts'
import type { Grouping, Totals } from './schema.ts'

/** Which totals are asked for; null means no limit. */
export interface TotalsQuestion {
  remit: string[]
  professions: string[] | null
  groupBy: readonly Grouping[]
  from: string | null
  to: string | null
  pharmacy: string | null
  profession: string | null
  territories: string[] | null
  product: string | null
}

const columnOf: Record<Grouping, string> = {
  pharmacy: 'pharmacy',
  week: 'week',
  territory: 'pharmacy_territory',
  profession: 'profession',
  product: 'product',
}

const NULLABLE = ['pharmacy_territory', 'profession']

/**
 * Adds totals up by group, after the group at a position. The tables cover what is in the log; the few entries that
 * wait for their place in it are added from the ledger in the same snapshot, so no answer is behind.
 */
export async function summarise(
  db: Queryable,
  question: TotalsQuestion,
  after: readonly string[] | null,
  limit: number,
): Promise<Totals[]> {
  const { groupBy } = question
  const table = question.pharmacy !== null || groupBy.includes('pharmacy') ? 'audit_totals_by_pharmacy' : 'audit_totals'
  const columns = groupBy.map((name) => columnOf[name])
  const added = sql.raw([...columns, ...counts.map((count) => `sum(${count}::float8) as ${count}`)].join(', '))
  const { grouped, ordered } = groupsOf(groupBy)
  const where = sql`where ${asked(question)} ${beyond(columns, after)}`
  const shown = [
    ...groupBy.map((name) => `${columnOf[name]}::text as ${name}`),
    ...counts.map((count) => `coalesce(sum(${count}), 0)::float8 as "${camelCase(count)}"`),
  ]
  return rows(
    db,
    // PostgreSQL's names have at most 63 characters.
    `${table}_${groupBy.map((name) => name.slice(0, 4)).join('_')}`,
    // The page's groups are among the table's first ones, which an index returns in order, and those of waiting
    // entries.
    sql`select ${sql.raw(shown.join(', '))} from (
          (select ${added} from ${sql.raw(table)} ${where} ${grouped} ${ordered} limit ${limit}::int)
          union all
          (select ${added} from (
            select ${lineCounts} from log_pending w
            join ledger_entries e on e.id = w.entry_id join ledger_lines l on l.entry_id = e.id) as waiting ${where} ${grouped})
        ) as sums ${grouped} ${ordered} limit ${limit}::int`,
  )
}

// By the table's columns, since an answer's column of the same name would be ordered differently. Nulls come first, as
// '' stands for them in a position, but an index on columns without nulls has no such order.
function groupsOf(groupBy: readonly Grouping[]): { grouped: SQL; ordered: SQL } {
  if (groupBy.length === 0) return { grouped: sql``, ordered: sql`` }
  const columns = groupBy.map((name) => columnOf[name])
  const order = columns.map((column) => (NULLABLE.includes(column) ? `${column} nulls first` : column))
  return { grouped: sql.raw(`group by ${columns.join(', ')}`), ordered: sql.raw(`order by ${order.join(', ')}`) }
}

function asked({ remit, professions, territories, ...question }: TotalsQuestion): SQL {
  const { from, to, pharmacy, profession, product, groupBy } = question
  const within = (codes: string[]) =>
    sql`(practice_territory = any (${texts(codes)}) or pharmacy_territory = any (${texts(codes)}))`
  const byPharmacy = pharmacy !== null || groupBy.includes('pharmacy')
  return sql`${within(remit)}
    and (${professions === null}::boolean or profession = any (${texts(professions ?? [])}))
    and (${territories === null}::boolean or ${within(territories ?? [])})
    and (${from}::date is null or week >= ${from}::date) and (${to}::date is null or week < ${to}::date)
    and (${profession}::text is null or profession = ${profession}::text)
    and (${product}::text is null or product = ${product}::text)
    ${byPharmacy ? sql`and (${pharmacy}::text is null or pharmacy = ${pharmacy}::text)` : sql``}`
}

// A week is compared as the day that it is: as text, the order would hang on how dates are written.
function beyond(columns: readonly string[], after: readonly string[] | null): SQL {
  const [first] = columns
  if (first === undefined) return sql``
  const key = (column: string) => sql.raw(NULLABLE.includes(column) ? `coalesce(${column}, '')` : column)
  const position = columns.map(
    (column, index) => sql`${after?.[index] ?? null}::${sql.raw(column === 'week' ? 'date' : 'text')}`,
  )
  // The first comparison lets an index start where the page before ended.
  return sql`and (${after === null}::boolean or ${key(first)} >= ${position[0]})
    and (${after === null}::boolean or (${sql.join(columns.map(key), sql`, `)}) > (${sql.join(position, sql`, `)}))`
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
