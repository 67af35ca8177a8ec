import type { Transaction } from '../../db/database.ts'
import { replacePacks, upsertProduct } from './queries.ts'
import type { Product, ProductBody } from './schema.ts'

/** Puts a product into the catalogue or changes it, its packs as a whole. `created` says that it is new. */
export async function putProduct(
  tx: Transaction,
  code: string,
  body: ProductBody,
): Promise<{ product: Product; created: boolean }> {
  const created = await upsertProduct(tx, code, body)
  // A statement of its own, younger than the wait for the product's lock: it sees the packs of whoever came first.
  await replacePacks(tx, code, body.packs)
  return { product: { code, ...body }, created }
}
