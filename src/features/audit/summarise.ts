import { type SQL, sql } from 'drizzle-orm'
import type { Queryable } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { texts } from '../../db/sql.ts'
import { counts, lineCounts, totalsTables } from '../../store/totals.ts'
import type { Grouping, Totals } from './schema.ts'

/** Which totals are asked for; what is null narrows nothing. */
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
  week: 'week',
  territory: 'pharmacy_territory',
  profession: 'profession',
  product: 'product',
  pharmacy: 'pharmacy',
}

/**
 * Adds totals up by group, after the group at a position. The tables hold what is in the log; the few entries that wait
 * for their place in it are counted as they are, in the same snapshot: no answer is behind the ledger.
 */
export function summarise(
  db: Queryable,
  question: TotalsQuestion,
  after: readonly string[] | null,
  limit: number,
): Promise<Totals[]> {
  const { groupBy } = question
  const table = question.pharmacy !== null || groupBy.includes('pharmacy') ? 'audit_totals_by_pharmacy' : 'audit_totals'
  const read = sql.raw([...totalsTables[table], ...counts].join(', '))
  const values = [
    ...groupBy.map((name) => `${name === 'week' ? 'week::text' : columnOf[name]} as ${name}`),
    ...counts.map((count) => `coalesce(sum(${count}), 0)::float8 as "${camelCase(count)}"`),
  ]
  return rows(
    db,
    // A name of PostgreSQL has at most 63 characters.
    `${table}_${groupBy.map((name) => name.slice(0, 4)).join('_')}`,
    sql`select ${sql.raw(values.join(', '))} from (
          select ${read} from ${sql.raw(table)}
          union all
          select ${read} from (
            select ${lineCounts} from log_pending w
            join ledger_entries e on e.id = w.entry_id join ledger_lines l on l.entry_id = e.id) as waiting
        ) as t
        where ${asked(question)} ${beyond(groupBy, after)} limit ${limit}::int`,
  )
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

// Nulls come first, where '' stands for them in a position.
function beyond(groupBy: readonly Grouping[], after: readonly string[] | null): SQL {
  if (groupBy.length === 0) return sql``
  const columns = groupBy.map((name) => columnOf[name])
  const keys = sql.raw(columns.map((column) => `coalesce(${column}::text, '')`).join(', '))
  const position = sql.join(
    columns.map((_, index) => sql`${after?.[index] ?? null}::text`),
    sql`, `,
  )
  return sql`and (${after === null}::boolean or (${keys}) > (${position}))
    group by ${sql.raw(columns.join(', '))} order by ${sql.raw(columns.map((column) => `${column} nulls first`).join(', '))}`
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
