import type { Queryable } from '../../db/database.ts'
import { oneRow } from '../../db/query.ts'
import { clock, instant, type SQL, sql } from '../../db/sql.ts'
import type { CHANGES, Statement } from '../../domain/statement.ts'

/** A pharmacy and the first and last day of a period, in its time zone. */
export interface Asked {
  pharmacy: string
  from: string
  to: string
}

/** In which column a movement stands: each kind in exactly one. What a count takes back is part of the count. */
const kinds: Record<(typeof CHANGES)[number], { sign: 1 | -1; kinds: SQL }> = {
  deliveries: { sign: 1, kinds: sql`'delivery'` },
  transfersIn: { sign: 1, kinds: sql`'transfer_in'` },
  transfersOut: { sign: -1, kinds: sql`'transfer_out'` },
  dispensed: { sign: -1, kinds: sql`'dispensation'` },
  reversed: { sign: 1, kinds: sql`'reversal'` },
  losses: { sign: -1, kinds: sql`'loss'` },
  returns: { sign: -1, kinds: sql`'return_to_supplier'` },
  countDifferences: { sign: 1, kinds: sql`'count', 'count_absorbed'` },
  discrepancies: { sign: 1, kinds: sql`'discrepancy'` },
}

const changes = sql.join(
  Object.entries(kinds).map(([name, { sign, kinds }]) => {
    const sum = sql`coalesce(sum(m.change) filter (where m.within and m.kind in (${kinds})), 0)`
    return sql`${sql.raw(`'${name}'`)}, ${sign === 1 ? sum : sql`-${sum}`}`
  }),
  sql`, `,
)

/**
 * Adds up what happened on each shelf of a pharmacy that is known to be there, when it occurred. The opening and
 * closing stock are worked out from the stock of now, so that only movements since the period began are read.
 */
export function readStatement(
  db: Queryable,
  { pharmacy, from, to }: Asked,
): Promise<Omit<Statement, 'from' | 'to' | 'professions' | 'checkpoint'>> {
  return oneRow(
    db,
    'read_statement',
    sql`with place as materialized (
          select time_zone, ${from}::date::timestamp at time zone time_zone as start,
            (${to}::date + 1)::timestamp at time zone time_zone as "end"
          from territories where code = (select territory from pharmacies where finess = ${pharmacy})
        ), moved as materialized (
          select s.product, m.kind, m.change, m.entry_id, m.occurred_at < place."end" as within
          from place, stock s join stock_movements m on m.pharmacy = s.pharmacy and m.product = s.product
          where s.pharmacy = ${pharmacy} and m.occurred_at >= place.start
        ), entry as materialized (
          select e.id, e.profession, e.flags from ledger_entries e
          where e.id in (select entry_id from moved where within and kind in ('dispensation', 'reversal'))
        ), dispensed as (
          select m.product, e.profession, -sum(m.change) as quantity from moved m join entry e on e.id = m.entry_id
          where m.within and m.kind = 'dispensation' group by m.product, e.profession
        ), item as (
          select s.product, json_build_object('product', s.product, 'opening', s.on_hand - coalesce(sum(m.change), 0), ${changes},
            'closing', s.on_hand - coalesce(sum(m.change) filter (where not m.within), 0),
            'dispensedByProfession', (
              select coalesce(json_agg(json_build_object('profession', profession, 'quantity', quantity) order by profession), '[]')
              from dispensed d where d.product = s.product)) as figures
          from stock s left join moved m on m.product = s.product where s.pharmacy = ${pharmacy} group by s.pharmacy, s.product
        )
        select ${pharmacy}::text as pharmacy, time_zone as "timeZone", ${instant(sql`place.start`)} as start,
          ${instant(sql`place."end"`)} as "end", ${instant(clock)} as "madeAt",
          (select coalesce(json_agg(figures order by product), '[]') from item) as items,
          (select count(*)::int from entry where 'override' = any (flags)) as overrides,
          (select count(*)::int from entry where flags && array['late', 'very_late']) as late
        from place`,
  )
}
