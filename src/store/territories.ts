import type { Queryable } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
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

/** Whether one of the territories is this one or contains it. */
export async function isWithin(db: Queryable, territory: string, territories: readonly string[]): Promise<boolean> {
  const found = await oneRow<{ within: boolean }>(
    db,
    'territory_is_within',
    sql`select ${liesWithin(sql`${territory}`, territories)} as within`,
  )
  return found.within
}
