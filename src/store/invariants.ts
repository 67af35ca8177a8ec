import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { type SQL, sql } from '../db/sql.ts'
import { capBreaches, windowBreachesQuery } from './cap-breaches.ts'
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
  check_i3_windows: windowBreachesQuery(MOST),
  check_heads: sql`
    select 'I3' as invariant, 'ledger head ' || h.person_id as row,
      format('seq %s, entries %s, last %s', h.seq, count(e.id), max(e.seq)) as found
    from ledger_heads h left join ledger_entries e on e.person_id = h.person_id
    group by h.person_id, h.seq having h.seq <> count(e.id) or h.seq <> coalesce(max(e.seq), 0) limit ${MOST}::int`,
  check_totals: differingTotals('audit_totals', MOST),
  check_totals_by_pharmacy: differingTotals('audit_totals_by_pharmacy', MOST),
}

/** The names of the checks, for a progress display. */
export const checkNames = [...Object.keys(checks), 'check_i3']

/** Runs one of the checks against the tables. */
export function runCheck(db: Queryable, name: string): Promise<Breach[]> {
  if (name === 'check_i3') return capBreaches(db, MOST)
  const query = checks[name]
  if (!query) throw new Error(`no check ${name}`)
  return rows<Breach>(db, name, query)
}
