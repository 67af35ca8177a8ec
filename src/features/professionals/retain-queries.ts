import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { type SQL, sql, uuids } from '../../db/sql.ts'
import { mainIdentifier } from '../../store/persons.ts'

/** How many days data that name people are kept. */
export interface PersonalPeriods {
  ledgerDays: number
  nameDays: number
}

/** What is due to be forgotten of a person: whom the entries are about, or everything that names the person. */
export interface Due {
  identifier: string
  history: boolean
  names: boolean
}

const PAGE = 500 // Each person takes a few index lookups; a statement has four seconds.

/** The people who are due in the next page of all people, and where that page ends; null after the last page. */
export function findDue(
  db: Queryable,
  periods: PersonalPeriods,
  after: string | null,
): Promise<{ due: Due[]; last: string | null }> {
  return oneRow(
    db,
    'find_people_due',
    sql`with page as materialized (
          select id, status from persons
          where merged_into is null and erased_at is null and id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
          order by id limit ${PAGE}::int
        )
        select (select id from page order by id desc limit 1) as last,
          coalesce((select json_agg(due) from (${dueAmong(sql`page`, periods)}) as due where history or names), '[]') as due`,
  )
}

/** What is due for one person, all of whose chains are locked. */
export function readDue(tx: Transaction, periods: PersonalPeriods, identifier: string): Promise<Due | undefined> {
  return row(
    tx,
    'read_person_due',
    sql`with root as materialized (
          select root.id, root.status from person_identifiers i join persons known on known.id = i.person_id
          join persons root on root.id = known.root_id where i.identifier = ${identifier}
        )
        ${dueAmong(sql`root`, periods)}`,
  )
}

// A history is forgotten as a whole, so the newest entry of each record says whether anything is left. Suspended people
// stay: registering anew would otherwise end the suspension.
function dueAmong(roots: SQL, { ledgerDays, nameDays }: PersonalPeriods): SQL {
  return sql`
    select ${mainIdentifier(sql`root.id`)} as identifier,
      not live and left_over and newest < clock_timestamp() - make_interval(days => ${ledgerDays}::int) as history,
      not live and root.status = 'active'
        and greatest(seen, newest) < clock_timestamp() - make_interval(days => ${nameDays}::int) as names
    from ${roots} as root, lateral (
      select max(entry.recorded_at) as newest, coalesce(bool_or(entry.left_over), false) as left_over,
        greatest(max(p.updated_at), max(held.created_at)) as seen,
        coalesce(bool_or(exists (select from reservations where person_id = p.id and status = 'held'
          and expires_at > clock_timestamp())), false) as live
      from persons p left join lateral (
        select e.recorded_at, exists (select from ledger_payloads where entry_id = e.id) as left_over
        from ledger_entries e where e.person_id = p.id and e.kind not in ('erasure', 'link') order by e.seq desc limit 1
      ) as entry on true left join lateral (
        select created_at from reservations where person_id = p.id order by id desc limit 1
      ) as held on true
      where p.root_id = root.id
    ) as of_all_records`
}

/** Which of these persons still have entries that say whom they are about. */
export async function personsWithPayloads(tx: Transaction, personIds: readonly string[]): Promise<string[]> {
  const found = await rows<{ id: string }>(
    tx,
    'persons_with_payloads',
    sql`select distinct e.person_id as id from ledger_entries e join ledger_payloads p on p.entry_id = e.id
        where e.person_id = any (${uuids(personIds)}) and e.kind <> 'erasure'`,
  )
  return found.map(({ id }) => id)
}
