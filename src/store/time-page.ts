import { type SQL, sql, timestamp } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** A page of a list by time: from (inclusive) to (exclusive), after the last item of the page before. */
export interface TimePage {
  from?: Instant | undefined
  to?: Instant | undefined
  before: { at: Instant; id: string } | null
  limit: number
}

/** The end of a statement that reads a page, newest first, of rows with `at` and `id` under this alias. */
export function timePage(alias: SQL, page: TimePage): SQL {
  return sql`${onTimePage(alias, page)} ${newestFirst(alias, page)}`
}

/** A condition: a row is neither outside the page's stretch of time nor on a page before. */
export function onTimePage(alias: SQL, { from, to, before }: TimePage): SQL {
  return sql`${alias}.at >= coalesce(${timestamp(from ?? null)}, '-infinity') and ${alias}.at < coalesce(${timestamp(to ?? null)}, 'infinity')
    and (${alias}.at, ${alias}.id) < (coalesce(${timestamp(before?.at ?? null)}, 'infinity'),
      coalesce(${before?.id ?? null}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`
}

/** The order of a page, and its end. */
export function newestFirst(alias: SQL, { limit }: TimePage): SQL {
  return sql`order by ${alias}.at desc, ${alias}.id desc limit ${limit}::int`
}
