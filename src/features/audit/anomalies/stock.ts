import { type SQL, sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const LEAST_MASKS = 50 // A box: fewer is a mistake in counting.
const COUNT_SHARE = 0.2
const DISPENSED_FACTOR = 1.2 // Leaves room for deliveries that are declared a little late.

const nothing = sql`'{}'::uuid[] as entries`

export const stockDiscrepancy: AnomalyKind = {
  about: `counts that were off by at least ${LEAST_MASKS} masks (\`count\`) and ${COUNT_SHARE * 100} % of what was on hand before (\`total\`); the first count of a shelf does not count`,
  find: ({ pharmacyInRemit, within }) => sql`
    select id::text as key, pharmacy, product, null as counterparty, occurred_at as at, ${nothing}, array[id] as movements,
      abs(change) as count, before as total, abs(change)::float8 as measured,
      greatest(${LEAST_MASKS}::int, ${COUNT_SHARE}::float8 * before)::float8 as threshold
    from (
      select m.*, (select sum(change) from stock_movements b
        where b.pharmacy = m.pharmacy and b.product = m.product and b.version < m.version) as before
      from stock_movements m join pharmacies p on p.finess = m.pharmacy
      where m.kind = 'count' and m.quantity >= ${LEAST_MASKS}::int and ${within(sql`m.occurred_at`)} and ${pharmacyInRemit}
        and exists (select from stock_movements b where b.pharmacy = m.pharmacy and b.product = m.product
          and b.version < m.version and b.kind = 'count')
    ) as counted
    where abs(change) >= ${COUNT_SHARE}::float8 * before`,
}

// What was on hand when the stretch began is what is there now, minus the movements since. A first count comes on top;
// it is looked for only where without it too much was handed over.
export const dispensedAboveDeliveries: AnomalyKind = {
  about: `shelves from which at least ${LEAST_MASKS} masks and ${Math.round((DISPENSED_FACTOR - 1) * 100)} % more were handed over (\`measured\`, without what was taken back) than were there before, delivered, transferred in or counted for the first time`,
  find: ({ pharmacyInRemit, within, from }) => sql`
    select pharmacy || ' ' || product as key, pharmacy, product, null as counterparty, null::timestamptz as at, ${nothing},
      '{}'::uuid[] as movements, dispensed as count, available as total, dispensed::float8 as measured,
      greatest(available + ${LEAST_MASKS}::int, ${DISPENSED_FACTOR}::float8 * available)::float8 as threshold
    from (
      select pharmacy, product, dispensed, greatest(s.on_hand - moved.change, 0) + moved.received as received
      from (
        select m.pharmacy, m.product, sum(m.change) as change,
          coalesce(sum(case m.kind when 'dispensation' then m.quantity when 'reversal' then -m.quantity end)
            filter (where ${within(sql`m.occurred_at`)}), 0) as dispensed,
          coalesce(sum(m.quantity)
            filter (where ${within(sql`m.occurred_at`)} and m.kind in ('delivery', 'transfer_in')), 0) as received
        from stock_movements m
        where m.occurred_at >= ${from} and m.pharmacy in (select p.finess from pharmacies p where ${pharmacyInRemit})
        group by m.pharmacy, m.product
      ) as moved join stock s using (pharmacy, product)
      where ${isAbove(sql`(greatest(s.on_hand - moved.change, 0) + moved.received)`)}
    ) as shelf cross join lateral (
      select received + coalesce((
        select m.quantity from stock_movements m
        where m.pharmacy = shelf.pharmacy and m.product = shelf.product and m.kind = 'count' and ${within(sql`m.occurred_at`)}
          and not exists (select from stock_movements b where b.pharmacy = m.pharmacy and b.product = m.product
            and b.version < m.version and b.kind = 'count')), 0) as available
      offset 0
    ) as with_first_count
    where ${isAbove(sql`available`)}`,
}

function isAbove(available: SQL): SQL {
  return sql`(dispensed >= ${available} + ${LEAST_MASKS}::int and dispensed >= ${DISPENSED_FACTOR}::float8 * ${available})`
}
