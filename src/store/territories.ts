import { sql } from 'drizzle-orm'
import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { invalid } from '../domain/problems.ts'

/** Makes sure that a territory exists. Throws 400 naming the field that none has. */
export async function requireKnownTerritory(db: Queryable, path: string, code: string): Promise<void> {
  const found = await row(db, 'find_territory', sql`select from territories where code = ${code}`)
  if (!found) throw invalid(path, 'is not a territory that this service knows')
}
