import type { Queryable } from '../db/database.ts'
import { row } from '../db/query.ts'
import { type SQL, sql, texts } from '../db/sql.ts'

/** What a regulator is responsible for: territories with all below them, and professions; none named means all. */
export interface Remit {
  territories: string[]
  professions: string[]
}

/** A condition: the profession and territories frozen in a row of this alias are in the remit. */
export function frozenInRemit(alias: SQL, remit: Remit): SQL {
  return sql`((${alias}.practice_territory in ${territoriesOf(remit)} or ${alias}.pharmacy_territory in ${territoriesOf(remit)})
    and ${frozenProfessionInRemit(alias, remit)}) is true`
}

/** A condition: the profession frozen in a row of this alias is in the remit. */
export function frozenProfessionInRemit(alias: SQL, remit: Pick<Remit, 'professions'>): SQL {
  return hasProfession(sql`${alias}.profession`, remit)
}

/**
 * A condition: the remit reaches a person, by its practice's territory, or by an entry whose frozen territories lie in
 * the remit.
 */
export function personInRemit(personId: SQL, remit: Remit): SQL {
  // Not «exists», for which PostgreSQL would gather everybody in the remit to look one person up.
  return sql`(
    select main.practice_territory in ${territoriesOf(remit)} and ${hasProfession(sql`main.profession`, remit)}
      or exists (
        select from persons any_record join ledger_entries e on e.person_id = any_record.id
        where any_record.root_id = main.id and ${frozenInRemit(sql`e`, remit)})
    from persons record join persons main on main.id = record.root_id
    where record.id = ${personId}) is true`
}

/** A condition: a pharmacy is in the remit's territories; professions do not matter. */
export function pharmacyInRemit(pharmacy: SQL, remit: Remit): SQL {
  return sql`(${pharmacy} in (select finess from pharmacies where territory in ${territoriesOf(remit)})) is true`
}

/** The person known by an identifier, and whether a remit reaches them. Undefined if nobody has this identifier. */
export function findPersonInRemit(
  db: Queryable,
  remit: Remit,
  identifier: string,
): Promise<{ personId: string; inRemit: boolean } | undefined> {
  return row(
    db,
    'find_person_in_remit',
    sql`select root.id as "personId", ${personInRemit(sql`root.id`, remit)} as "inRemit"
        from person_identifiers i join persons known on known.id = i.person_id
        join persons root on root.id = known.root_id
        where i.identifier = ${identifier}`,
  )
}

/** The codes of a remit's territories and all below them, as a subselect. */
export function territoriesOf({ territories }: Pick<Remit, 'territories'>): SQL {
  return sql`(select territory from territory_paths where ancestor = any (${texts(territories)}))`
}

function hasProfession(profession: SQL, { professions }: Pick<Remit, 'professions'>): SQL {
  return sql`(cardinality(${texts(professions)}) = 0 or ${profession} = any (${texts(professions)}))`
}
