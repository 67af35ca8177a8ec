import type { Database } from '../../src/db/database.ts'
import { oneRow, rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'

/**
 * A hash of everything in each table that can be read, by its name. Attempts to read what is not one's own are kept on
 * purpose and left out, and so is which processes live, as each says it every few seconds.
 */
export async function hashTables(db: Database): Promise<Record<string, string>> {
  const tables = await rows<{ name: string }>(
    db,
    'tables',
    sql`select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('spatial_ref_sys', 'processes')
          and has_table_privilege(to_regclass('public.' || quote_ident(tablename)), 'select') order by 1`,
  )
  const hashes: Record<string, string> = {}
  for (const { name } of tables) {
    const lasting = name === 'accesses' ? sql`where outcome <> 'not_found'` : sql``
    const { hash } = await oneRow<{ hash: string }>(
      db,
      `hash_${name}`,
      sql`select count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash
          from ${sql.identifier(name)} t ${lasting}`,
    )
    hashes[name] = hash
  }
  return hashes
}
