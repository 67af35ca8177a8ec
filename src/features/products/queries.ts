import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { clock, json, type SQL, sql, texts } from '../../db/sql.ts'
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

/** The codes among these packs' GTINs and CIP13s, in 14 digits, by which a pack of another product is known. */
export async function findForeignPacks(tx: Transaction, code: string, packs: ProductBody['packs']): Promise<string[]> {
  const compared = packs.flatMap(({ gtin, cip13 = '' }) => [gtin14(gtin) ?? [], gtin14(cip13) ?? []].flat())
  const found = await rows<{ code: string }>(
    tx,
    'find_foreign_packs',
    sql`select known.code from product_packs p, unnest(array[p.gtin14, '0' || p.cip13]) as known(code)
        where p.product <> ${code} and known.code = any (${texts(compared)})`,
  )
  return found.map((pack) => pack.code)
}

/** Replaces the packs of a locked product; those that stay as they are, are left alone. */
export async function replacePacks(tx: Transaction, code: string, packs: ProductBody['packs']): Promise<void> {
  const given = json(packs.map((pack, position) => ({ ...pack, gtin14: gtin14(pack.gtin), position })))
  const asRows = sql`jsonb_to_recordset(${given}) as
    t(gtin14 text, gtin text, position smallint, "unitsPerBox" int, acl text, cip13 text)`
  await rows(
    tx,
    'delete_packs',
    sql`delete from product_packs where product = ${code}
          and not exists (select from ${asRows} where (gtin14, gtin, position, "unitsPerBox", acl, cip13) is not distinct from
            (product_packs.gtin14, product_packs.gtin, product_packs.position, units_per_box, product_packs.acl, product_packs.cip13))`,
  )
  await rows(
    tx,
    'insert_packs',
    sql`insert into product_packs (gtin14, gtin, product, position, units_per_box, acl, cip13)
        select gtin14, gtin, ${code}, position, "unitsPerBox", acl, cip13
        from ${asRows} where not exists (select from product_packs p where p.gtin14 = t.gtin14 and p.product = ${code})`,
  )
}

/** A part of the catalogue: after a position; the product of one pack alone where its GTIN or CIP13 is given. */
interface Part {
  after: string | null
  gtin: string | undefined
}

/** The catalogue by code. */
export function listProducts(db: Queryable, part: Part, limit: number): Promise<Product[]> {
  return rows<Product>(
    db,
    'list_products',
    sql`select p.code, p.name, p.kind, p.active,
          (select coalesce(json_agg(json_strip_nulls(json_build_object('gtin', gtin14, 'unitsPerBox', units_per_box,
              'acl', acl, 'cip13', cip13)) order by position), '[]')
            from product_packs where product = p.code) as packs
        from products p where ${isIn(part)}
        order by p.code limit ${limit}::int`,
  )
}

/**
 * Differs when one of these products does. Each change is a transaction of its own, told by its number too: times may
 * be the same, and come to be seen in another order than they were drawn.
 */
export async function versionOfProducts(db: Queryable, part: Part, limit: number): Promise<string> {
  const { version } = await oneRow<{ version: string }>(
    db,
    'version_of_products',
    sql`select coalesce(string_agg(concat_ws(' ', code, updated_at, change), ',' order by code), '') as version
        from (select code, updated_at, xmin::text as change from products p where ${isIn(part)}
          order by p.code limit ${limit}::int) as listed`,
  )
  return version
}

function isIn({ after, gtin = '' }: Part): SQL {
  const code = gtin14(gtin) ?? null
  return sql`p.code > coalesce(${after}::text, '') and (${code}::text is null or p.code in (
    select product from product_packs where gtin14 = ${code}::text or '0' || cip13 = ${code}::text))`
}
