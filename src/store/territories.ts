import type { Queryable } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
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
