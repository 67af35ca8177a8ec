import type { Queryable } from '../db/database.ts'
import { rows, rowsPlannedAnew } from '../db/query.ts'
import { type SQL, sql } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** What a list of a pharmacy's things may be narrowed to: from (inclusive) to (exclusive), and the rest as it is. */
export interface ListFilter {
  from?: Instant | undefined
  to?: Instant | undefined
  product?: string | undefined
  operator?: string | undefined
}

/** The conditions for those filters that were given, each after an `and`. */
export function matching<Filter extends object>(
  filter: Filter,
  conditions: { [Name in keyof Filter]-?: (value: NonNullable<Filter[Name]>) => SQL },
): SQL {
  const names = Object.keys(conditions) as (keyof Filter)[]
  const given = names.flatMap((name) => {
    const value = filter[name]
    return value === undefined || value === null ? [] : [sql`and ${conditions[name](value)}`]
  })
  return sql.join(given, sql` `)
}

/** Reads a list: as it is always read under a name, but planned for its filter if it has one. */
export function listed<Row>(db: Queryable, name: string, filter: object, list: SQL): Promise<Row[]> {
  const isNarrowed = Object.values(filter).some((value) => value !== undefined && value !== null)
  return (isNarrowed ? rowsPlannedAnew : rows)<Row>(db, name, list)
}
