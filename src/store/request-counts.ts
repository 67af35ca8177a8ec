import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'

/** How many requests were counted within the present minute, and how long that still lasts. */
export interface RequestCount {
  id: string
  count: number
  leftMs: number
}

const MOST_FORGOTTEN = 10_000

/**
 * Counts requests of several callers at once, each under a hash in hex, and returns what all processes have counted.
 * Rows are taken in one order by everybody, so that no two processes wait for each other.
 */
export function countRequests(db: Queryable, made: ReadonlyMap<string, number>): Promise<RequestCount[]> {
  const ids = [...made.keys()].toSorted()
  const counts = ids.map((id) => String(made.get(id)))
  return rows(
    db,
    'count_requests',
    sql`insert into request_counts as known (id, count, ends_at)
        select decode(made.id, 'hex'), made.count::int, clock_timestamp() + interval '1 minute'
        from unnest(${texts(ids)}, ${texts(counts)}) as made (id, count)
        on conflict (id) do update set
          count = excluded.count + case when known.ends_at > clock_timestamp() then known.count else 0 end,
          ends_at = case when known.ends_at > clock_timestamp() then known.ends_at else excluded.ends_at end
        returning encode(id, 'hex') as id, count,
          (extract(epoch from ends_at - clock_timestamp()) * 1000)::float8 as "leftMs"`,
  )
}

/** Deletes counts whose minute is over, except those that somebody is using. */
export async function forgetRequestCounts(db: Queryable): Promise<void> {
  await rows(
    db,
    'forget_request_counts',
    sql`delete from request_counts where id in (
          select id from request_counts where ends_at < clock_timestamp()
          order by ends_at limit ${MOST_FORGOTTEN}::int for update skip locked)`,
  )
}
