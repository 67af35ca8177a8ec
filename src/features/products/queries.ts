import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { clock, json, sql, texts } from '../../db/sql.ts'
import { gtin14 } from '../../domain/identifiers.ts'
import type { Product, ProductBody } from './schema.ts'

/** Puts the product in or changes it, locks it, and says whether it is new. */
export async function upsertProduct(tx: Transaction, code: string, body: ProductBody): Promise<boolean> {
  const { created } = await oneRow<{ created: boolean }>(
    tx,
    'upsert_product',
    sql`insert into products as p (code, name, kind, active) values (${code}, ${body.name}, ${body.kind}, ${body.active}::boolean)
        on conflict (code) do update
          set name = excluded.name, kind = excluded.kind, active = excluded.active, updated_at = ${clock}
        returning p.xmax = 0 as created`,
  )
  return created
}

/** The GTINs among these packs that belong to another product. */
export async function findForeignPacks(tx: Transaction, code: string, packs: ProductBody['packs']): Promise<string[]> {
  const compared = packs.flatMap(({ gtin }) => gtin14(gtin) ?? [])
  const found = await rows<{ gtin14: string }>(
    tx,
    'find_foreign_packs',
    sql`select gtin14 from product_packs where gtin14 = any (${texts(compared)}) and product <> ${code}`,
  )
  return found.map((pack) => pack.gtin14)
}

/** Replaces the packs of a locked product; those that stay as they are, are left alone. */
export async function replacePacks(tx: Transaction, code: string, packs: ProductBody['packs']): Promise<void> {
  const given = json(packs.map((pack, position) => ({ ...pack, gtin14: gtin14(pack.gtin), position })))
  const asRows = sql`jsonb_to_recordset(${given}) as t(gtin14 text, gtin text, position smallint, "unitsPerBox" int)`
  await rows(
    tx,
    'delete_packs',
    sql`delete from product_packs where product = ${code}
          and (gtin14, gtin, position, units_per_box) not in (select gtin14, gtin, position, "unitsPerBox" from ${asRows})`,
  )
  await rows(
    tx,
    'insert_packs',
    sql`insert into product_packs (gtin14, gtin, product, position, units_per_box)
        select gtin14, gtin, ${code}, position, "unitsPerBox"
        from ${asRows} where not exists (select from product_packs p where p.gtin14 = t.gtin14 and p.product = ${code})`,
  )
}

/** The catalogue by code, after a position. */
export function listProducts(db: Queryable, after: string | null, limit: number): Promise<Product[]> {
  return rows<Product>(
    db,
    'list_products',
    sql`select p.code, p.name, p.kind, p.active,
          (select coalesce(json_agg(json_build_object('gtin', gtin, 'unitsPerBox', units_per_box) order by position), '[]')
            from product_packs where product = p.code) as packs
        from products p where p.code > coalesce(${after}::text, '') order by p.code limit ${limit}::int`,
  )
}
