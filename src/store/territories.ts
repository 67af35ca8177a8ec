import type { Queryable } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { type SQL, sql, texts } from '../db/sql.ts'

/** Those of these territories that this service knows. */
export function findTerritories(db: Queryable, codes: readonly string[]): Promise<{ code: string }[]> {
  return rows(db, 'find_territories', sql`select code from territories where code = any (${texts(codes)})`)
}

/** The codes of these territories and of all below them, sorted. */
export async function territoriesWithin(db: Queryable, codes: readonly string[]): Promise<string[]> {
  const found = await rows<{ code: string }>(
    db,
    'territories_within',
    sql`select distinct territory as code from territory_paths where ancestor = any (${texts(codes)}) order by code`,
  )
  return found.map(({ code }) => code)
}

/** A condition: one of the territories is this one or contains it. */
export function liesWithin(territory: SQL, territories: readonly string[]): SQL {
  return sql`exists (
    select from territory_paths path where path.territory = ${territory} and path.ancestor = any (${texts(territories)}))`
}

/** The widest of the territories that is this one or contains it. */
export async function widestOver(
  db: Queryable,
  territory: string,
  territories: readonly string[],
): Promise<string | undefined> {
  const found = await row<{ code: string }>(
    db,
    'widest_territory_over',
    sql`select ancestor as code from territory_paths
        where territory = ${territory} and ancestor = any (${texts(territories)}) order by depth desc limit 1`,
  )
  return found?.code
}
