import type { Queryable } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { type SQL, sql } from '../db/sql.ts'
import { MOST_RECEIVED } from '../domain/entitlement.ts'
import { CLOCKS_APART_MS } from '../domain/periods.ts'

const PERSONS = 5_000 // So few at a time that no statement keeps its snapshot for long.
const FIRST = '00000000-0000-0000-0000-000000000000'

/** A ledger line that its rule did not allow, or that says of itself what its time did not. */
export interface CapBreach {
  invariant: 'I3'
  row: string
  found: string
}

/**
 * Judges every hand-over in the ledger again by what was known at it: what its person had received in its window and
 * held then, against the cap and the sub-cap of its rule. Finds `most` at most. Goes through the persons in batches,
 * each in a snapshot of its own, since nobody's entries concern another person.
 */
export async function capBreaches(db: Queryable, most: number): Promise<CapBreach[]> {
  const found: CapBreach[] = []
  for (let after = FIRST; found.length < most; ) {
    const last = await row<{ id: string }>(
      db,
      'last_of_batch',
      sql`select id from (
            select id from persons where merged_into is null and id > ${after}::uuid order by id limit ${PERSONS}::int
          ) as batch order by id desc limit 1`,
    )
    if (!last) break
    found.push(...(await rows<CapBreach>(db, 'cap_breaches', breachesQuery(after, last.id, most - found.length))))
    after = last.id
  }
  return found
}

const isInWindow = ({ window, at }: { window: SQL; at: SQL }) => sql`case ${window}.window_kind
    when 'calendar_weeks' then ${at} >= ${window}.window_start and ${at} < ${window}.window_end
    when 'rolling_days' then ${at} > ${window}.window_start
      and (${window}.window_end is null or ${at} <= ${window}.window_end + make_interval(secs => ${CLOCKS_APART_MS / 1000}::int))
    else ${at} >= ${window}.window_start end`

// Nothing that a line says about how it was judged is taken for true: it is compared. What a decision knew follows from
// the order of the chain that its entry joined: of the chain itself, all that comes before; of a chain that was merged
// into it, all of it, from the link that says so on. Where there was nothing to link, that is from the last change of
// the merged record on, which is no earlier than the merge.
const known = sql`
record as materialized (
  select id, merged_into is not null as merged, updated_at, count(*) over () as records from persons where root_id = root.id
), known as materialized (
  select chain.id as chain, other.id as other, chain.records, case when chain.id <> other.id then coalesce(
    (select min(link.seq) from ledger_entries link where link.person_id = chain.id and link.kind = 'link'
      and convert_from(link.canonical, 'UTF8')::jsonb ->> 13 = other.id::text),
    case when other.merged then (select coalesce(max(e.seq), 0) from ledger_entries e
      where e.person_id = chain.id and e.recorded_at <= other.updated_at) end,
    2147483647) end as after_seq
  from record chain cross join record other
)`

// What somebody else's chain counted for while it was in doubt whether the two are one person: for the entries of these
// numbers, what the other chain had by their time. Two entries of one millisecond leave open which came first.
const doubted = sql`
doubted as materialized (
  select t.person_id, t.other_id, t.after_seq, coalesce(t.until_seq, 2147483647) as until_seq
  from record join counted_together t on t.person_id = record.id
)`

// The lines, and the windows by which hand-overs were judged.
const lines = sql`
line as materialized (
  select l.*, e.seq, e.recorded_at, e.flags, r.products, r.window_kind, r.cap as rule_cap, (
    select min((sub ->> 'cap')::int) from jsonb_array_elements(r.sub_caps) sub where sub ->> 'product' = l.product
  ) as sub_cap
  from record join ledger_lines l on l.person_id = record.id join ledger_entries e on e.id = l.entry_id
    left join allocation_rules r on r.id = l.rule_id
), counting as materialized (
  select distinct person_id, rule_id, window_start, window_end, window_kind, products from line where effect > 0
)`

// What had been received of a rule's products in such a window, and of the line's own, before each line of it.
const received = sql`
counted as (
  select c.person_id, c.rule_id, c.window_start, c.window_end, l.entry_id, l.position, l.product, l.effect,
    coalesce(k.after_seq, l.seq) as at_seq, case when k.after_seq is null then l.position else 32768 end as at_position
  from counting c join known k on k.chain = c.person_id join line l on l.person_id = k.other
  where l.product = any (c.products) and ${isInWindow({ window: sql`c`, at: sql`l.counted_at` })}
), received as materialized (
  select *, least(coalesce(sum(effect) over total, 0), ${MOST_RECEIVED}::int) as received,
    least(coalesce(sum(effect) over its_product, 0), ${MOST_RECEIVED}::int) as received_of_it
  from counted
  window total as (partition by person_id, rule_id, window_start, window_end
      order by at_seq, at_position rows between unbounded preceding and 1 preceding),
    its_product as (partition by person_id, rule_id, window_start, window_end, product
      order by at_seq, at_position rows between unbounded preceding and 1 preceding)
)`

// Reservations count that were made before and had neither ended nor expired at the entry's time. One that was just
// ending may have been counted still, so more held than is found now is right, less is not.
const judged = sql`
judged as (
  select l.entry_id, l.position, l.product, l.quantity, l.rule_cap, l.sub_cap, l.cap, l.received as said_received,
    l.held as said_held, l.beyond_cap and l.flags && array['override', 'over_allocation'] as overridden, l.beyond_cap,
    l.rule_id, l.flags,
    r.received + least(elsewhere.received, ${MOST_RECEIVED}::int - r.received) as received,
    r.received_of_it + least(elsewhere.received_of_it, ${MOST_RECEIVED}::int - r.received_of_it) as received_of_it,
    h.held, h.held_of_it, own.records > 1 or elsewhere.counted as may_be_more
  from line l join known own on own.chain = l.person_id and own.other = l.person_id
    left join received r on r.person_id = l.person_id and r.rule_id = l.rule_id and r.window_start = l.window_start
      and r.window_end is not distinct from l.window_end and r.entry_id = l.entry_id and r.position = l.position
    cross join lateral (
      select count(*) > 0 as counted, coalesce(sum(there.received), 0) as received, coalesce(sum(there.received_of_it), 0) as received_of_it
      from doubted d cross join lateral (
        select sum(o.effect) as received, sum(o.effect) filter (where o.product = l.product) as received_of_it
        from (select counted_at, product, effect from ledger_lines each join ledger_entries e on e.id = each.entry_id
            where each.person_id = d.other_id and e.recorded_at < l.recorded_at offset 0) o
        where o.product = any (l.products) and ${isInWindow({ window: sql`l`, at: sql`o.counted_at` })}
      ) there
      where d.person_id = l.person_id and l.seq > d.after_seq and l.seq <= d.until_seq
    ) elsewhere
    cross join lateral (
      select coalesce(sum(hold.quantity), 0) as held,
        coalesce(sum(hold.quantity) filter (where hold.product = l.product), 0) as held_of_it
      from (
        select other from known where chain = l.person_id and coalesce(after_seq, 0) < l.seq
        union all
        select other_id from doubted where person_id = l.person_id and after_seq < l.seq and until_seq >= l.seq
      ) k join reservations hold on hold.person_id = k.other
      where hold.product = any (l.products)
        and hold.created_at < l.recorded_at and hold.expires_at > l.recorded_at
        and (hold.ended_at is null or hold.ended_at > l.recorded_at)
    ) h
  where l.effect > 0
)`

// What is wrong with a line, or null.
const named = sql`
named as (
  select entry_id, position, case
    when rule_id is null then case when not flags && array['over_allocation', 'unverified']
      then 'cites no rule, and is flagged for none' end
    when received is null then 'not of the products, or not in the window, of the rule that it cites'
    when beyond_cap and not overridden then 'beyond its cap, and not flagged for it'
    when not overridden and received + held + quantity > rule_cap then
      format('%s received in the window, %s held and %s granted, cap %s', received, held, quantity, rule_cap)
    when not overridden and received_of_it + held_of_it + quantity > sub_cap then
      format('%s of %s received in the window, %s held and %s granted, sub-cap %s',
        received_of_it, product, held_of_it, quantity, sub_cap)
    when (cap = rule_cap and said_held >= held and (said_received = received or may_be_more and said_received > received)
      or cap = sub_cap and said_held >= held_of_it
        and (said_received = received_of_it or may_be_more and said_received > received_of_it)) is not true then
      format('says %s received, %s held, cap %s; found are %s received, %s held, cap %s%s',
        said_received, said_held, cap, received, held, rule_cap, case when sub_cap is not null
          then format(', and %s, %s, %s of %s', received_of_it, held_of_it, sub_cap, product) end)
    end as found
  from judged
)`

// Each person in a subquery of its own: joined as sets, they are so many that a plan for few takes hours.
function breachesQuery(after: string, upTo: string, most: number): SQL {
  return sql`
    select breach.* from (
      select id from persons where merged_into is null and id > ${after}::uuid and id <= ${upTo}::uuid
    ) root cross join lateral (
      with ${known}, ${doubted}, ${lines}, ${received}, ${judged}, ${named}
      select 'I3' as invariant, 'ledger entry ' || entry_id || ' line ' || position as row, found
      from named where found is not null
    ) breach limit ${most}::int`
}

/** Hand-overs whose window is not the one that the rule they cite gives at that time. */
export function windowBreachesQuery(most: number): SQL {
  return sql`
    with dated as (
      select l.entry_id, l.position, l.counted_at, l.window_start, l.time_zone, r.valid_from,
        r.window_kind, r.window_count, date_trunc('week', r.valid_from at time zone l.time_zone)::date as first_monday,
        date_trunc('week', l.counted_at at time zone l.time_zone)::date as monday
      from ledger_lines l join allocation_rules r on r.id = l.rule_id where l.effect > 0
    ), windows as (
      select entry_id, position, window_start, case window_kind
        when 'calendar_weeks' then (
          first_monday + 7 * window_count * floor((monday - first_monday) / (7.0 * window_count))::int
        )::timestamp at time zone time_zone
        when 'rolling_days' then counted_at - make_interval(hours => 24 * window_count)
        else valid_from end as right_start
      from dated
    )
    select 'I3' as invariant, 'ledger entry ' || entry_id || ' line ' || position as row,
      format('its window begins %s, that of its rule %s',
        window_start at time zone 'UTC', right_start at time zone 'UTC') as found
    from windows where window_start <> right_start limit ${most}::int`
}
