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
export function timePage(alias: SQL, { from, to, before, limit }: TimePage): SQL {
  return sql`${alias}.at >= coalesce(${timestamp(from ?? null)}, '-infinity') and ${alias}.at < coalesce(${timestamp(to ?? null)}, 'infinity')
    and (${alias}.at, ${alias}.id) < (coalesce(${timestamp(before?.at ?? null)}, 'infinity'),
      coalesce(${before?.id ?? null}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
    order by ${alias}.at desc, ${alias}.id desc limit ${limit}::int`
}
