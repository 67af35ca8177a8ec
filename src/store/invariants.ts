import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { type SQL, sql } from '../db/sql.ts'
import { differingTotals } from './totals.ts'

/** A row that breaks an invariant, named for the operator; docs/runbook.md says what each one means. */
export interface Breach {
  invariant: 'I1' | 'I2' | 'I3' | 'totals'
  row: string
  found: string
}

const MOST = 100 // Of each check: more rows than that have one cause, not a hundred.

const checks: Record<string, SQL> = {
  check_i1: sql`
    select 'I1' as invariant, 'stock ' || pharmacy || ' ' || product as row,
      format('on hand %s, held %s', on_hand, held) as found
    from stock where on_hand < 0 or held < 0 or held > on_hand limit ${MOST}::int`,
  check_i2_on_hand: sql`
    select 'I2' as invariant, 'stock ' || s.pharmacy || ' ' || s.product as row,
      format('on hand %s, movements add up to %s', s.on_hand, coalesce(m.total, 0)) as found
    from stock s left join (select pharmacy, product, sum(change) as total from stock_movements group by 1, 2) m
      using (pharmacy, product)
    where s.on_hand <> coalesce(m.total, 0) limit ${MOST}::int`,
  check_i2_held: sql`
    select 'I2' as invariant, 'stock ' || s.pharmacy || ' ' || s.product as row,
      format('held %s, reservations add up to %s', s.held, coalesce(r.total, 0)) as found
    from stock s left join (
      select pharmacy, product, sum(quantity) as total from reservations where status = 'held' group by 1, 2) r
      using (pharmacy, product)
    where s.held <> coalesce(r.total, 0) limit ${MOST}::int`,
  // Adds up again what had been received before each line, in the order in which the entries were sealed, over the
  // rule's products and the line's window. Nothing is taken from what the entry says about itself.
  check_i3: sql`
    with judged as (
      select l.entry_id, l.position, l.quantity, r.cap, (
        select coalesce(sum(before.effect), 0) from ledger_lines before join ledger_entries earlier on earlier.id = before.entry_id
        where before.person_id in (select id from persons where root_id = p.root_id)
          and before.product = any (r.products)
          and (earlier.recorded_at, earlier.seq, before.position) < (e.recorded_at, e.seq, l.position)
          and case r.window_kind
            when 'calendar_weeks' then before.counted_at >= l.window_start and before.counted_at < l.window_end
            when 'rolling_days' then before.counted_at > l.window_start
            else before.counted_at >= l.window_start end) as received_before
      from ledger_lines l join ledger_entries e on e.id = l.entry_id join persons p on p.id = l.person_id
        join allocation_rules r on r.id = l.rule_id
      where l.effect > 0 and not l.beyond_cap
    )
    select 'I3' as invariant, 'ledger entry ' || entry_id || ' line ' || position as row,
      format('%s received in the window and %s granted, cap %s', received_before, quantity, cap) as found
    from judged where received_before + quantity > cap limit ${MOST}::int`,
  check_heads: sql`
    select 'I3' as invariant, 'ledger head ' || h.person_id as row,
      format('seq %s, entries %s, last %s', h.seq, count(e.id), max(e.seq)) as found
    from ledger_heads h left join ledger_entries e on e.person_id = h.person_id
    group by h.person_id, h.seq having h.seq <> count(e.id) or h.seq <> coalesce(max(e.seq), 0) limit ${MOST}::int`,
  check_totals: differingTotals('audit_totals', MOST),
  check_totals_by_pharmacy: differingTotals('audit_totals_by_pharmacy', MOST),
}

/** The names of the checks, for a progress display. */
export const checkNames = Object.keys(checks)

/** Runs one of the checks against the tables. */
export function runCheck(db: Queryable, name: string): Promise<Breach[]> {
  const query = checks[name]
  if (!query) throw new Error(`no check ${name}`)
  return rows<Breach>(db, name, query)
}
