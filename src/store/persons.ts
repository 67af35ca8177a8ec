import type { Queryable, Transaction } from '../db/database.ts'
import { row, rows } from '../db/query.ts'
import { type SQL, sql, texts } from '../db/sql.ts'
import { StaleRead } from '../db/transaction.ts'

/** The ids of all records of the person known by an identifier, merged ones included, for `in`. */
export function recordsOf(identifier: string): SQL {
  return sql`(
    select p.id from person_identifiers i join persons known on known.id = i.person_id join persons p on p.root_id = known.root_id
    where i.identifier = ${identifier})`
}

/** The number by which a person is known now, RPPS before ADELI; null once erased. */
export function mainIdentifier(personId: SQL): SQL {
  return sql`(
    select i.identifier from persons known join persons p on p.root_id = known.root_id join person_identifiers i on i.person_id = p.id
    where known.id = ${personId} order by length(i.identifier) desc, i.identifier limit 1)`
}

/** All the numbers by which a person is known, those of merged records too, in order. */
export async function numbersOf(tx: Transaction, rootId: string): Promise<string[]> {
  const found = await rows<{ identifier: string }>(
    tx,
    'numbers_of_person',
    sql`select i.identifier from persons p join person_identifiers i on i.person_id = p.id
        where p.root_id = ${rootId}::uuid order by i.identifier`,
  )
  return found.map(({ identifier }) => identifier)
}

/** Gives a person identifiers that nobody has. Throws StaleRead if somebody has been given one meanwhile. */
export async function addIdentifiers(tx: Transaction, personId: string, identifiers: readonly string[]): Promise<void> {
  const added = await rows(
    tx,
    'add_identifiers',
    sql`insert into person_identifiers (identifier, person_id)
        select identifier, ${personId}::uuid from unnest(${texts(identifiers)}) as identifier order by identifier
        on conflict do nothing returning 1`,
  )
  if (added.length !== identifiers.length) throw new StaleRead('an identifier was given to somebody meanwhile')
}

/** Whether two identifiers belong to the same person. */
export async function isSamePerson(db: Queryable, one: string, other: string): Promise<boolean> {
  const found = await row(
    db,
    'same_person',
    sql`select from person_identifiers i join persons p on p.id = i.person_id
        join person_identifiers o on o.identifier = ${one} join persons self on self.id = o.person_id
        where i.identifier = ${other} and p.root_id = self.root_id`,
  )
  return found !== undefined
}

/** What the directory says of a professional. */
export interface Profile {
  id: string
  profession: string
  speciality: string | null
  familyName: string
  givenName: string
  status: 'active' | 'suspended'
  otherIds: string[]
  practice: { latitude: number; longitude: number; territory: string } | null
}

/** The professional known by an identifier, or undefined. */
export function findProfile(db: Queryable, identifier: string): Promise<Profile | undefined> {
  return row<Profile>(
    db,
    'find_profile',
    sql`select i.identifier as id, root.profession, root.speciality, root.family_name as "familyName",
          root.given_name as "givenName", root.status,
          (select coalesce(json_agg(o.identifier order by o.identifier), '[]')
            from persons p join person_identifiers o on o.person_id = p.id
            where p.root_id = root.id and o.identifier <> i.identifier) as "otherIds",
          case when root.practice_territory is not null then json_build_object(
            'latitude', ST_Y(root.practice_location::geometry), 'longitude', ST_X(root.practice_location::geometry),
            'territory', root.practice_territory) end as practice
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = known.root_id
        where i.identifier = ${identifier} and not root.provisional`,
  )
}
