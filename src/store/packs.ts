import type { Queryable, Transaction } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'
import { StaleRead } from '../db/transaction.ts'
import { namedPack, type Pack, type PackFacts, type SaidPack } from '../domain/packs.ts'

/** Does work that needs to know the packs that a request names. */
export type WithPacks = <T>(
  tx: Transaction,
  said: readonly SaidPack[],
  work: (facts: PackFacts) => Promise<T>,
) => Promise<T>

/**
 * Makes a WithPacks that remembers the packs it has met, so that the work leaves in the flush in which they are read
 * again: a hand-over by scan goes to the database as often as one by product. If a pack has changed meanwhile, the
 * transaction starts afresh with what was read. Where no pack is named, nothing is read.
 */
export function packMemory(): WithPacks {
  const remembered = new Map<string, Pack>() // As many as the catalogue has, or had.
  let year = 0
  return async (tx, said, work) => {
    const gtins = [...new Set(said.flatMap((each) => namedPack(each) ?? []))]
    const before = { year, packs: new Map<string, Pack>() }
    for (const gtin14 of gtins) {
      const pack = remembered.get(gtin14)
      if (pack) before.packs.set(gtin14, pack)
    }
    if (gtins.length === 0) return work(before)
    const read = readPacks(tx, gtins)
    if (before.packs.size < gtins.length) {
      const found = await read
      for (const [gtin14, pack] of found.packs) remembered.set(gtin14, pack)
      year = found.year
      return work(found)
    }
    const [found, worked] = await Promise.allSettled([read, (async () => work(before))()])
    if (found.status === 'rejected') throw found.reason
    if (!isSame(gtins, before, found.value)) {
      for (const each of gtins) remembered.delete(each)
      throw new StaleRead('a pack was changed, or the year')
    }
    if (worked.status === 'rejected') throw worked.reason
    return worked.value
  }
}

function isSame(gtins: readonly string[], before: PackFacts, now: PackFacts): boolean {
  return before.year === now.year && gtins.every((each) => isSamePack(before.packs.get(each), now.packs.get(each)))
}

function isSamePack(before: Pack | undefined, now: Pack | undefined): boolean {
  return before?.product === now?.product && before?.unitsPerBox === now?.unitsPerBox
}

/** The packs that have one of these GTINs (in 14 digits), or whose CIP13 is one. */
async function readPacks(db: Queryable, gtins: readonly string[]): Promise<PackFacts> {
  const found = await rows<Pack & { gtin14: string; year: number }>(
    db,
    'read_packs',
    // A pack's own GTIN comes last, and so is what counts should another one have it for its CIP13.
    sql`select gtin14, product, "unitsPerBox", extract(year from clock_timestamp())::int as year from (
          select '0' || cip13 as gtin14, product, units_per_box as "unitsPerBox" from product_packs
          where cip13 = any (array(select substring(given from 2) from unnest(${texts(gtins)}) as given where given like '0%'))
          union all
          select gtin14, product, units_per_box from product_packs where gtin14 = any (${texts(gtins)})
        ) as pack`,
  )
  const packs = new Map(found.map(({ gtin14, product, unitsPerBox }) => [gtin14, { product, unitsPerBox }]))
  return { packs, year: found[0]?.year ?? 0 }
}
