import type { Transaction } from '../../db/database.ts'
import { gtin14 } from '../../domain/identifiers.ts'
import { requireSame } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { findForeignPacks, replacePacks, upsertProduct } from './queries.ts'
import type { Product, ProductBody } from './schema.ts'

/**
 * Puts a product into the catalogue or changes it, replacing all its packs. `created` says that it is new. Throws
 * `invalid_request` if a GTIN belongs to another product.
 */
export async function putProduct(
  tx: Transaction,
  code: string,
  body: ProductBody,
): Promise<{ product: Product; created: boolean }> {
  requireSame('code', body.code, code)
  const created = await upsertProduct(tx, code, body)
  // Separate statements, whose snapshots are taken after the wait for the product's lock: they see packs added
  // meanwhile.
  const foreign = await findForeignPacks(tx, code, body.packs)
  for (const [index, pack] of body.packs.entries()) {
    for (const member of ['gtin', 'cip13'] as const) {
      if (foreign.includes(gtin14(pack[member] ?? '') ?? '')) {
        throw invalid(`packs[${index}].${member}`, {
          en: 'belongs to another product',
          fr: 'appartient à un autre masque',
        })
      }
    }
  }
  await replacePacks(tx, code, body.packs)
  const packs = body.packs.map((pack) => ({ ...pack, gtin: gtin14(pack.gtin) ?? pack.gtin }))
  return { product: { ...body, code, packs }, created }
}
