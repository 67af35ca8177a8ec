import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { clock, json, limitTo, sql } from '../../db/sql.ts'
import { CLOCK_SKEW_MS, type Instant, iso } from '../../domain/instant.ts'

/** What was counted, and when. */
interface Counted {
  product: string
  countedAt: Instant
}

/**
 * Adds an empty shelf for each count that can be taken and has none, in the order in which everybody locks them, and
 * returns their products. One dated ahead gets none: it will be refused, and leaves nothing behind. Shelves are added
 * under the pharmacy's lock, so that none is left behind at the old place if the pharmacy is being moved.
 */
export async function ensureCountedShelves(
  tx: Transaction,
  pharmacy: string,
  counts: readonly Counted[],
): Promise<string[]> {
  const added = await rows<{ product: string }>(
    tx,
    'ensure_counted_shelves',
    sql`with lacking as materialized (
          select c.code from ${givenCounts(counts)} as given join products c on c.code = given.product
          where given.counted_at <= ${clock} + make_interval(secs => ${CLOCK_SKEW_MS / 1_000}::int)
            and not exists (select from stock s where s.pharmacy = ${pharmacy} and s.product = c.code)
        ), place as materialized (
          select finess, location from pharmacies where finess = ${pharmacy} and exists (select from lacking) for share
        )
        insert into stock (pharmacy, product, on_hand, held, version, observed_at, location)
        select finess, code, 0, 0, 0, ${clock}, location from place, lacking order by code
        on conflict do nothing returning product`,
  )
  return added.map(({ product }) => product)
}

/**
 * For each count, what came less what left after it, as it was declared: how much of a loss was known to be there, or
 * had to be made up for, is nothing to a count from before it. Whatever was recorded by then had occurred by then, even
 * if a caller's clock ran ahead, and the count includes it.
 */
export async function changesSince(
  tx: Transaction,
  pharmacy: string,
  counts: readonly Counted[],
): Promise<Map<string, number>> {
  const found = await rows<{ product: string; change: number }>(
    tx,
    'changes_since',
    sql`select product, (
          select coalesce(sum(case kind when 'loss' then -quantity when 'discrepancy' then 0 else change end), 0)::float8 from stock_movements m
          where m.pharmacy = ${pharmacy} and m.product = given.product
            and m.occurred_at > given.counted_at and m.recorded_at > given.counted_at) as change
        from ${givenCounts(counts)} as given`,
  )
  return new Map(found.map(({ product, change }) => [product, change]))
}

function givenCounts(counts: readonly Counted[]) {
  const given = counts.map(({ product, countedAt }) => ({ product, counted_at: iso(countedAt) }))
  return sql`(select * from jsonb_to_recordset(${json(given)}) as t(product text, counted_at timestamptz) ${limitTo(counts)})`
}
