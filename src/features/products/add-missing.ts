import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { json, sql } from '../../db/sql.ts'

/** Adds the products that the catalogue lacks, active and without packs; returns their codes. */
export async function addMissingProducts(
  tx: Transaction,
  products: readonly { code: string; name: string; kind: string }[],
): Promise<string[]> {
  const added = await rows<{ code: string }>(
    tx,
    'add_missing_products',
    sql`insert into products (code, name, kind)
        select code, name, kind from jsonb_to_recordset(${json(products)}) as t(code text, name text, kind text)
        on conflict do nothing returning code`,
  )
  return added.map(({ code }) => code)
}
