import type { Database } from '../../src/db/database.ts'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'

/** The tables, of every schema of ours, that hold one of these texts in any column, bytes read as the text they are. */
export async function tablesNaming(db: Database, texts: readonly string[]): Promise<string[]> {
  const tables = await rows<{ name: string }>(
    db,
    'all_tables',
    sql`select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') and tablename not in ('spatial_ref_sys', 'room_wanted') order by name`,
  )
  const naming: string[] = []
  for (const { name } of tables) {
    const { rows: found } = await db.foreign(`select row_to_json(t)::text as row from ${name} t`)
    const text = (found as { row: string }[]).map(({ row }) => row + row.replaceAll(/\\\\x([0-9a-f]+)/g, decoded))
    if (texts.some((each) => text.some((row) => row.includes(each)))) naming.push(name.replace('public.', ''))
  }
  return naming
}

function decoded(_match: string, hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}
