import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { clock, point, sql, texts, uuids } from '../../db/sql.ts'
import type { ProfessionalBody } from './schema.ts'

/** Whose identifier it is: the person who continues the history. */
export interface Owner {
  identifier: string
  personId: string
  /** Of this person or one merged into it; so is the next member. */
  hasRpps: boolean
  hasHistory: boolean
  /** Served off line, and not in the directory yet. */
  provisional: boolean
}

/** The owners of the identifiers that have one, by identifier. */
export function findOwners(tx: Transaction, identifiers: readonly string[]): Promise<Owner[]> {
  // Not «exists», which PostgreSQL may answer by gathering all who have a history, to look a few up.
  return rows<Owner>(
    tx,
    'find_owners',
    sql`select i.identifier, root.id as "personId",
          (select bool_or(length(o.identifier) = 11) from persons p join person_identifiers o on o.person_id = p.id
            where p.root_id = root.id) as "hasRpps",
          (select bool_or(h.seq > 0) from persons p join ledger_heads h on h.person_id = p.id
            where p.root_id = root.id) as "hasHistory", root.provisional
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = known.root_id
        where i.identifier = any (${texts(identifiers)}) order by i.identifier`,
  )
}

/** Puts a person in, with the head of their chain, or changes the person. */
export async function savePerson(tx: Transaction, personId: string, body: ProfessionalBody): Promise<void> {
  await rows(
    tx,
    'save_person',
    sql`with person as (
          insert into persons (id, profession, speciality, family_name, given_name, status, practice_location, practice_territory)
          values (${personId}::uuid, ${body.profession}, ${body.speciality ?? null}, ${body.familyName}, ${body.givenName},
            ${body.status}, ${point(body.practice ?? null)}, ${body.practice?.territory ?? null})
          on conflict (id) do update set profession = excluded.profession, speciality = excluded.speciality,
            family_name = excluded.family_name, given_name = excluded.given_name, status = excluded.status,
            practice_location = excluded.practice_location, practice_territory = excluded.practice_territory, provisional = false,
            updated_at = ${clock}
          returning id
        )
        insert into ledger_heads (person_id) select id from person on conflict do nothing`,
  )
}

/** Lets `root` continue the histories of others, and of those merged into these, so that merged_into names a root. */
export async function mergeInto(tx: Transaction, root: string, others: readonly string[]): Promise<void> {
  await rows(
    tx,
    'merge_persons',
    sql`update persons set merged_into = ${root}::uuid, updated_at = ${clock}
        where root_id = any (${uuids(others)})`,
  )
}

/** A record with a history that another one continues, and who that is. */
interface Unlinked {
  personId: string
  rootId: string
  profession: string
  territory: string | null
}

/** Merged records, of all or of some, with a history that no `link` entry joins to that of the person's record. */
export function findUnlinked(tx: Transaction, among: readonly string[] | null, limit: number): Promise<Unlinked[]> {
  return rows<Unlinked>(
    tx,
    'find_unlinked',
    sql`select p.id as "personId", root.id as "rootId", root.profession, root.practice_territory as territory
        from persons p join persons root on root.id = p.root_id join ledger_heads h on h.person_id = p.id
        where p.merged_into is not null and h.seq > 0 and (${among === null}::boolean or p.id = any (${uuids(among ?? [])}))
          and exists (select from persons each join person_identifiers i on i.person_id = each.id where each.root_id = root.id)
          and not exists (select from ledger_entries e where e.person_id = p.id and e.kind = 'link'
            and convert_from(e.canonical, 'UTF8')::json ->> 13 = root.id::text)
        order by p.id limit ${limit}::int`,
  )
}
