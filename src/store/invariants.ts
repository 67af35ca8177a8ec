import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { type SQL, sql } from '../db/sql.ts'
import { capBreaches, windowBreachesQuery } from './cap-breaches.ts'
import { dayBreaches } from './day-breaches.ts'
import { recordBreaches } from './record-breaches.ts'
import { ruleBreaches } from './rule-breaches.ts'
import { differingTotals } from './totals.ts'

/** A row that breaks an invariant, named for the operator; docs/runbook.md says what each one means. */
export interface Breach {
  invariant: 'I1' | 'I2' | 'I3' | 'I6' | 'totals'
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
  check_i2_entries: sql`
    select 'I2' as invariant, 'ledger entry ' || entry_id || ' ' || product as row,
      format('lines of %s masks, movements of %s', coalesce(l.masks, 0), coalesce(m.masks, 0)) as found
    from (
      select e.id as entry_id, e.pharmacy, l.product, sum(l.effect) as masks
      from ledger_entries e join ledger_lines l on l.entry_id = e.id group by 1, 2, 3
    ) l full join (
      select entry_id, pharmacy, product, -sum(change) as masks
      from stock_movements where kind in ('dispensation', 'reversal') group by 1, 2, 3
    ) m using (entry_id, pharmacy, product)
    where l.masks is distinct from m.masks limit ${MOST}::int`,
  // By what was known when each was recorded: the counts with earlier versions. A clock that runs ahead may leave open
  // whether a count of the same minutes came before.
  check_i2_absorbed: sql`
    with told as (
      select *, max(occurred_at) filter (where kind = 'count') over shelf as counted_at,
        lag(kind) over shelf as kind_before, lead(kind) over shelf as kind_after, lead(change) over shelf as change_after
      from stock_movements window shelf as (partition by pharmacy, product order by version)
    )
    select 'I2' as invariant, 'stock movement ' || id as row,
      format('%s of %s, %s by a count, followed by %s', kind, change,
        case when counted_at >= occurred_at then 'seen' else 'not seen' end,
        coalesce(kind_after || ' of ' || change_after, 'nothing')) as found
    from told where case
      when kind = 'count' then false
      when kind = 'count_absorbed' then coalesce(kind_before, 'count') in ('count', 'count_absorbed')
      when kind_after = 'count_absorbed' then change_after <> -change
        or counted_at is null or counted_at < least(occurred_at, recorded_at)
      else counted_at >= occurred_at end limit ${MOST}::int`,
  // Earlier releases dated the masks of a slip at its reversal. Their next count puts it right.
  check_i2_slips: sql`
    select 'I2' as invariant, 'stock ' || s.pharmacy || ' ' || s.product as row,
      format('%s masks of the slip %s are counted twice: count again', m.quantity, e.reverses) as found
    from ledger_entries e join ledger_payloads p on p.entry_id = e.id
      join stock_movements m on m.entry_id = e.id and m.kind = 'reversal'
      join stock s on s.pharmacy = m.pharmacy and s.product = m.product
    where e.kind = 'reversal' and p.payload like '%"kind":"entry_error"%'::bytea
      and s.counted_at >= e.occurred_at and s.counted_at < m.occurred_at limit ${MOST}::int`,
  check_i3_windows: windowBreachesQuery(MOST),
  check_heads: sql`
    select 'I3' as invariant, 'ledger head ' || h.person_id as row,
      format('seq %s, entries %s, last %s', h.seq, count(e.id), max(e.seq)) as found
    from ledger_heads h left join ledger_entries e on e.person_id = h.person_id
    group by h.person_id, h.seq having h.seq <> count(e.id) or h.seq <> coalesce(max(e.seq), 0) limit ${MOST}::int`,
  // Whoever takes an entry out of the log, or never lets it in, would have the verifier see nothing.
  check_log: sql`
    select 'I6' as invariant, 'ledger entry ' || e.id as row,
      case when l.entry_id is null then 'neither in the log nor waiting for its place' else 'in the log, and waiting again' end as found
    from ledger_entries e left join log_leaves l on l.entry_id = e.id left join log_pending p on p.entry_id = e.id
    where (l.entry_id is null) = (p.entry_id is null) limit ${MOST}::int`,
  check_log_records: sql`
    select 'I6' as invariant, 'log record ' || r.kind || ' ' || r.subject as row,
      case when l.record_id is null then 'neither in the log nor waiting for its place' else 'in the log, and waiting again' end as found
    from log_records r left join log_leaves l on l.record_id = r.id left join log_pending p on p.record_id = r.id
    where (l.record_id is null) = (p.record_id is null) limit ${MOST}::int`,
  // A number under a new person has a second share. No number is named, only whose it was and is.
  check_numbers: sql`
    select 'I3' as invariant, 'person ' || was.root_id as row,
      format('%s entries name a number that now leads to %s', count(*), coalesce('person ' || now.root_id, 'nobody')) as found
    from ledger_payloads p join ledger_entries e on e.id = p.entry_id join persons was on was.id = e.person_id
      left join person_identifiers i on i.identifier = p.professional left join persons now on now.id = i.person_id
    where p.professional is not null and now.root_id is distinct from was.root_id
    group by was.root_id, now.root_id limit ${MOST}::int`,
  check_links: sql`
    select 'I3' as invariant, 'ledger entry ' || e.id as row,
      format('links persons %s and %s, who are two again', e.person_id, other.id) as found
    from ledger_entries e join persons one on one.id = e.person_id
      join persons other on other.id = (convert_from(e.canonical, 'UTF8')::json ->> 13)::uuid
    where e.kind = 'link' and one.root_id <> other.root_id limit ${MOST}::int`,
  check_totals: differingTotals('audit_totals', MOST),
  check_totals_by_pharmacy: differingTotals('audit_totals_by_pharmacy', MOST),
}

/** The names of the checks, for a progress display. */
export const checkNames = [...Object.keys(checks), 'check_i3', 'check_records', 'check_days', 'check_rules']

/** Runs one of the checks against the tables. */
export function runCheck(db: Queryable, name: string): Promise<Breach[]> {
  if (name === 'check_i3') return capBreaches(db, MOST)
  if (name === 'check_records') return recordBreaches(db)
  if (name === 'check_days') return dayBreaches(db, MOST)
  if (name === 'check_rules') return ruleBreaches(db)
  const query = checks[name]
  if (!query) throw new Error(`no check ${name}`)
  return rows<Breach>(db, name, query)
}
