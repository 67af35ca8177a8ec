import { sql } from '../../../db/sql.ts'
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

// What was on hand when the stretch began is what is there now, minus the movements since.
export const dispensedAboveDeliveries: AnomalyKind = {
  about: `shelves from which at least ${LEAST_MASKS} masks and ${Math.round((DISPENSED_FACTOR - 1) * 100)} % more were handed over (\`measured\`, without what was taken back) than were there before, delivered, transferred in or counted for the first time`,
  find: ({ pharmacyInRemit, within, from }) => sql`
    select pharmacy || ' ' || product as key, pharmacy, product, null as counterparty, null::timestamptz as at, ${nothing},
      '{}'::uuid[] as movements, dispensed as count, available as total, dispensed::float8 as measured,
      greatest(available + ${LEAST_MASKS}::int, ${DISPENSED_FACTOR}::float8 * available)::float8 as threshold
    from (
      select m.pharmacy, m.product,
        coalesce(sum(case m.kind when 'dispensation' then m.quantity when 'reversal' then -m.quantity end)
          filter (where ${within(sql`m.occurred_at`)}), 0) as dispensed,
        greatest(s.on_hand - sum(m.change), 0) + coalesce(sum(m.quantity)
          filter (where ${within(sql`m.occurred_at`)} and (m.kind in ('delivery', 'transfer_in') or (m.kind = 'count' and not exists (
            select from stock_movements b where b.pharmacy = m.pharmacy and b.product = m.product and b.version < m.version
              and b.kind = 'count')))), 0) as available
      from stock_movements m join stock s using (pharmacy, product) join pharmacies p on p.finess = m.pharmacy
      where m.occurred_at >= ${from} and ${pharmacyInRemit}
      group by m.pharmacy, m.product, s.on_hand
    ) as shelf
    where dispensed >= available + ${LEAST_MASKS}::int and dispensed >= ${DISPENSED_FACTOR}::float8 * available`,
}
