import { type SQL, sql, texts } from '../db/sql.ts'

/**
 * More would ask as many indexes, and a walk in time finds each row soon: even the least peopled forty départements
 * have a tenth of all hand-overs.
 */
export const MOST_MERGED = 40

/** Rows with frozen territories of a practice and a pharmacy, both indexed with a time and an id. */
export interface Frozen {
  table: SQL
  alias: SQL
  time: SQL
}

/**
 * A condition that only the newest rows in some territories meet, at most `limit` of them, of those that meet
 * `matching` too. It merges the newest of each territory, so that it costs as little where there is little to show as
 * where there is much. Undefined where a walk in time costs less.
 */
export function amongNewestIn(
  territories: readonly string[],
  { table, alias, time }: Frozen,
  matching: SQL,
  limit: number,
): SQL | undefined {
  if (territories.length > MOST_MERGED) return undefined
  const newest = (ofTerritory: SQL) => sql`(
    select ${alias}.id, ${alias}.${time} as at from ${table} ${alias} where ${ofTerritory} and ${matching}
    order by ${alias}.${time} desc, ${alias}.id desc limit ${limit}::int)`
  return sql`${alias}.id in (
    select newest.id from unnest(${texts(territories)}) as place(code) cross join lateral (
      ${newest(sql`${alias}.pharmacy_territory = place.code`)}
      union all
      ${newest(sql`${alias}.practice_territory = place.code and ${isElsewhere(alias)}`)}
    ) as newest
    group by newest.id, newest.at order by newest.at desc, newest.id desc limit ${limit}::int)`
}

/**
 * All rows in some territories that meet `matching` too, in place of their table: in the order of time they can be
 * read from the first on, each territory's index beside the others. Undefined where a walk in time costs less.
 */
export function allIn(territories: readonly string[], { table, alias, time }: Frozen, matching: SQL): SQL | undefined {
  if (territories.length > MOST_MERGED) return undefined
  const all = (ofTerritory: SQL) => sql`(
    select ${alias}.* from ${table} ${alias} where ${ofTerritory} and ${matching} order by ${alias}.${time}, ${alias}.id)`
  if (territories.length === 0) return sql`select ${alias}.* from ${table} ${alias} where false`
  const isNew = sql`(${alias}.pharmacy_territory = any (${texts(territories)})) is not true`
  return sql.join(
    territories.flatMap((code) => [
      all(sql`${alias}.pharmacy_territory = ${code}::text`),
      all(sql`${alias}.practice_territory = ${code}::text and ${isElsewhere(alias)} and ${isNew}`),
    ]),
    sql` union all `,
  )
}

// What the index by the practice's territory has: the one by the pharmacy's finds all others.
function isElsewhere(alias: SQL): SQL {
  return sql`${alias}.practice_territory is distinct from ${alias}.pharmacy_territory`
}
