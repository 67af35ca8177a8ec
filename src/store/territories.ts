import type { Queryable } from '../db/database.ts'
import { oneRow, row, rows } from '../db/query.ts'
import { type SQL, sql, texts } from '../db/sql.ts'
import { invalid } from '../domain/refusals.ts'

/** Makes sure that a territory exists. Throws 400 naming the field that none has. */
export async function requireKnownTerritory(db: Queryable, path: string, code: string): Promise<void> {
  const found = await row(db, 'find_territory', sql`select from territories where code = ${code}`)
  if (!found) throw invalid(path, 'is not a territory that this service knows')
}

/** The codes of some territories and of all below them, sorted. */
export async function territoriesWithin(db: Queryable, codes: readonly string[]): Promise<string[]> {
  const found = await rows<{ code: string }>(
    db,
    'territories_within',
    sql`with recursive within as (
          select code from territories where code = any (${texts(codes)})
          union select t.code from territories t join within on t.parent = within.code
        )
        select code from within order by code`,
  )
  return found.map(({ code }) => code)
}

/** A condition: one of the territories is this one or lies above it. */
export function liesWithin(territory: SQL, territories: readonly string[]): SQL {
  return sql`exists (
    with recursive path as (
      select code, parent from territories where code = ${territory}
      union all select t.code, t.parent from territories t join path on t.code = path.parent
    )
    select from path where code = any (${texts(territories)}))`
}

/** Whether one of the territories is this one or lies above it. */
export async function isWithin(db: Queryable, territory: string, territories: readonly string[]): Promise<boolean> {
  const found = await oneRow<{ within: boolean }>(
    db,
    'territory_is_within',
    sql`select ${liesWithin(sql`${territory}`, territories)} as within`,
  )
  return found.within
}
