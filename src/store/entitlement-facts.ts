import type { Queryable } from '../db/database.ts'
import { oneRow } from '../db/query.ts'
import { clock, instant, type SQL, sql, timestamp } from '../db/sql.ts'
import { StaleRead } from '../db/transaction.ts'
import type { AllocationRule } from '../domain/allocation-rules.ts'
import type { EntitlementFacts, Person } from '../domain/beneficiary.ts'
import type { Head } from '../domain/chain.ts'
import type { Hold, Receipt } from '../domain/entitlement.ts'
import type { Instant } from '../domain/instant.ts'
import type { HandOverBefore } from '../domain/similar-hand-over.ts'
import { ruleColumns } from './allocation-rules.ts'

interface Who {
  /** A number, or the one in an entry's payload. */
  identifier: string | { inEntry: string }
  occurredAt: Instant | null
  /** Where masks are held or handed over; null where that is not known. */
  pharmacy: string | null
  /** Somebody whom the directory lacks is taken as well, if they have been served off line. */
  orProvisional?: boolean
}

/** What `factsQuery` returns. */
export interface FactsRow {
  at: Instant
  person: Person | null
  place: { path: string[]; timeZone: string }
  rules: AllocationRule[]
  receipts: Receipt[]
  holds: Hold[]
  countedWith: string[]
}

/**
 * Reads everything that decides what a professional may receive, in one statement and so in one snapshot. To decide by
 * it, call it after the statement that locks the professional's head. Somebody without a practice is judged by the
 * territory of the pharmacy and, where that is not known, by the country's rules alone. Undefined if nobody has this
 * identifier.
 */
export async function readEntitlementFacts(db: Queryable, who: Who): Promise<EntitlementFacts | undefined> {
  const name = typeof who.identifier === 'string' ? 'entitlement_facts' : 'entitlement_facts_in_entry'
  return factsOf(await oneRow<FactsRow>(db, name, factsQuery(who)), who)
}

const SIMILAR_MINUTES = 2

/**
 * The same facts, and the hand-overs to the person at this pharmacy within two minutes that nobody has taken back. They
 * are found by the index that finds what was received, so a counter pays for them when there are some.
 */
export async function readCounterFacts(
  db: Queryable,
  who: Who & { pharmacy: string },
): Promise<{ entitlement: EntitlementFacts | undefined; recent: HandOverBefore[] }> {
  const recent = sql`, (
      select coalesce(json_agg(json_build_object('id', e.id, 'at', ${instant(sql`e.occurred_at`)}, 'lines', (
          select json_agg(json_build_object('product', product, 'quantity', quantity)) from ledger_lines where entry_id = e.id
        )) order by e.occurred_at, e.id), '[]')
      from ledger_entries e where e.pharmacy = ${who.pharmacy} and e.kind = 'dispensation'
        and not exists (select from ledger_entries where reverses = e.id)
        and e.id = any (array(select l.entry_id from ledger_lines l where l.person_id in (select id from circle)
          and l.counted_at >= moment.occurred_at - make_interval(mins => ${SIMILAR_MINUTES}::int)
          and l.counted_at <= moment.occurred_at + make_interval(mins => ${SIMILAR_MINUTES}::int)))
    ) as recent`
  const found = await oneRow<FactsRow & { recent: HandOverBefore[] }>(db, 'counter_facts', factsQuery(who, recent))
  return { entitlement: factsOf(found, who), recent: found.recent }
}

/** The facts in a row, for statements that read more than these. */
export function factsOf(
  { at, person, place, rules, receipts, holds, countedWith }: FactsRow,
  { occurredAt }: Pick<Who, 'occurredAt'>,
): EntitlementFacts | undefined {
  if (!person) return undefined
  const judging = { territoryPath: place.path, timeZone: place.timeZone }
  return { at, person, occurredAt: occurredAt ?? at, ...judging, rules, receipts, holds, countedWith }
}

/**
 * The head of the facts' person among those that were locked. Throws StaleRead if that is no longer the person, or if
 * what another record received counts too whose head is not locked: there was a merge, or a doubt, in between.
 */
export function headOf({ person, countedWith }: EntitlementFacts, locked: readonly Head[]): Head {
  const head = locked.find(({ personId }) => personId === person.id)
  if (head && countedWith.every((other) => locked.some(({ personId }) => personId === other))) return head
  throw new StaleRead('whose receipts count together was changed before the lock')
}

function identifierOf({ identifier }: Who): SQL {
  if (typeof identifier === 'string') return sql`${identifier}`
  return sql`(select professional from ledger_payloads where entry_id = ${identifier.inEntry}::uuid)`
}

const personObject = sql`json_build_object('id', id, 'numbers', (
    select json_agg(identifier order by identifier) from person_identifiers where person_id in (select id from circle)),
  'profession', profession, 'speciality', speciality, 'status', status, 'provisional', provisional, 'practiceTerritory', practice_territory,
  'practice', case when practice_location is not null then json_build_object(
    'latitude', ST_Y(practice_location::geometry), 'longitude', ST_X(practice_location::geometry)) end)`

/** The statement of `readEntitlementFacts`, with more columns if given. */
export function factsQuery(who: Who, more: SQL = sql``): SQL {
  return sql`
    with moment as materialized (
      select at, coalesce(${timestamp(who.occurredAt)}, at) as occurred_at from (select ${clock} as at) as now
    ), circle as materialized (
      select p.* from person_identifiers i join persons known on known.id = i.person_id
      join persons p on p.root_id = known.root_id
      where i.identifier = ${identifierOf(who)}
    ), person as (
      select * from circle where id = root_id and (not provisional or ${who.orProvisional ?? false}::boolean)
    ), counting as materialized (
      select id, false as of_another from circle
      union all
      select other_id, true from counted_together where person_id = (select id from person) and until_seq is null
    ), place as materialized (
      select coalesce((select practice_territory from person),
        (select territory from pharmacies where finess = ${who.pharmacy}::text),
        'FR') as territory
    ), path as materialized (
      select ancestor as code, depth from territory_paths where territory = (select territory from place)
    ), rules as materialized (
      -- Those to come as well, since a refusal says when there will be more.
      select r.* from allocation_rules r, moment
      where r.territory in (select code from path)
        and (r.valid_to is null or r.valid_to > occurred_at) and (r.withdrawn_at is null or r.withdrawn_at > occurred_at)
    ), reach as (
      -- Nothing older than the longest window can count; the pure code takes the exact bounds.
      select min(case window_kind when 'once' then valid_from
        else occurred_at - make_interval(days => window_count * case window_kind when 'rolling_days' then 1 else 7 end + 2) end) as since
      from rules, moment
    )
    select ${instant(sql`moment.at`)} as at,
      (select ${personObject} from person) as person,
      (select json_build_object('path', (select json_agg(code order by depth) from path), 'timeZone', time_zone)
        from territories where code = (select territory from place)) as place,
      (select coalesce(json_agg(json_build_object(${ruleColumns})), '[]') from rules r) as rules,
      (select coalesce(json_agg(json_build_object('product', l.product, 'quantity', l.effect,
          'at', ${instant(sql`l.counted_at`)}, 'ofAnother', c.of_another)), '[]')
        from counting c join ledger_lines l on l.person_id = c.id and l.counted_at >= (select since from reach)) as receipts,
      (select coalesce(json_agg(json_build_object('id', r.id, 'product', r.product, 'quantity', r.quantity,
          'pharmacy', r.pharmacy, 'expiresAt', ${instant(sql`r.expires_at`)}, 'ofAnother', c.of_another)
          order by r.created_at, r.id), '[]')
        from counting c join reservations r on r.person_id = c.id and r.status = 'held' and r.expires_at > moment.at) as holds,
      (select coalesce(json_agg(id), '[]') from counting where of_another) as "countedWith"${more}
    from moment`
}
