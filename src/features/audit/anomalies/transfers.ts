import { sql } from '../../../db/sql.ts'
import type { AnomalyKind } from './kind.ts'

const DAYS = 7 // Longer than masks travel between two pharmacies, and than a weekend delays a declaration.

/**
 * Movements of the same pair, product and quantity form a run while each comes less than DAYS after the one before.
 * Within a run, each transfer_out is matched with one transfer_in. If one side has more, its last ones are left over.
 */
export const unmatchedTransfer: AnomalyKind = {
  about: `transfers out (or in) for which the other pharmacy declared no transfer in (or out) of the same product and quantity within ${DAYS} days; each movement is listed once, after these days are over (\`measured\` days ago)`,
  find: ({ pharmacyInRemit, within, from }) => sql`
    with transfer as (
      select m.*, m.kind = 'transfer_out' as is_out, least(m.pharmacy, m.counterparty) as one, greatest(m.pharmacy, m.counterparty) as two,
        (m.kind = 'transfer_out') = (m.pharmacy < m.counterparty) as forth
      from stock_movements m
      where m.kind in ('transfer_in', 'transfer_out') and m.occurred_at >= ${from} - make_interval(days => ${DAYS}::int)
        and (m.pharmacy in (select p.finess from pharmacies p where ${pharmacyInRemit})
          or m.counterparty in (select p.finess from pharmacies p where ${pharmacyInRemit}))
    ), gap as (
      select *, case when occurred_at - lag(occurred_at) over pair <= make_interval(days => ${DAYS}::int) then 0 else 1 end as starts
      from transfer window pair as (partition by one, two, forth, product, quantity order by occurred_at, id)
    ), numbered as (
      select *, sum(starts) over (partition by one, two, forth, product, quantity order by occurred_at, id) as run from gap
    ), ranked as (
      select *, count(*) filter (where is_out) over run - count(*) filter (where not is_out) over run as surplus,
        row_number() over (partition by one, two, forth, product, quantity, run, is_out order by occurred_at desc, id desc) as last
      from numbered window run as (partition by one, two, forth, product, quantity, run)
    )
    select m.id::text as key, m.pharmacy, m.product, m.counterparty, m.occurred_at as at, '{}'::uuid[] as entries,
      array[m.id] as movements, m.quantity as count, null::int as total,
      floor(extract(epoch from clock_timestamp() - m.occurred_at) / 86400)::float8 as measured, ${DAYS}::float8 as threshold
    from ranked m join pharmacies p on p.finess = m.pharmacy
    where m.last <= case when m.is_out then m.surplus else -m.surplus end and ${within(sql`m.occurred_at`)}
      and m.occurred_at <= clock_timestamp() - make_interval(days => ${DAYS}::int) and ${pharmacyInRemit}`,
}
