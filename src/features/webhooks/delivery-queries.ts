import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from '../../db/database.ts'
import { oneRow, rows } from '../../db/query.ts'
import { instant, sql, timestamp } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { Lane } from './lane-queries.ts'
import type { Delivery } from './schema.ts'

/** How one attempt went, and what follows. */
export interface Attempt extends Pick<Delivery, 'event' | 'type' | 'outcome' | 'httpStatus' | 'fault' | 'durationMs'> {
  at: Instant
  place: number
  /** It was to be delivered again. */
  isAgain: boolean
  /** What becomes of the endpoint; null: it stays as it is. */
  status: 'active' | 'paused' | 'ended' | null
}

/** Keeps an attempt, and moves its lane on unless the event is to be tried again. */
export async function recordAttempt(db: Queryable, { endpoint, pharmacy }: Lane, attempt: Attempt): Promise<void> {
  const { at, place, isAgain, status } = attempt
  const [isDelivered, isThrough] = [attempt.outcome === 'delivered', attempt.outcome !== 'failed']
  await rows(
    db,
    'record_attempt',
    sql`with logged as (
          insert into webhook_deliveries (id, endpoint_id, event, type, pharmacy, at, outcome, http_status, fault, duration_ms)
          select ${uuidv7()}::uuid, id, ${attempt.event}, ${attempt.type}, nullif(${pharmacy}, ''), ${timestamp(at)},
            ${attempt.outcome}, ${attempt.httpStatus}::int, ${attempt.fault}, ${attempt.durationMs}::int
          from webhook_endpoints where id = ${endpoint}::uuid
        ), lane as (
          update webhook_lanes set
            position = case when ${isThrough && !isAgain}::boolean then greatest(position, ${place}::bigint) else position end,
            failing_since = case when ${isThrough}::boolean then null else coalesce(failing_since, ${timestamp(at)}) end
          where endpoint_id = ${endpoint}::uuid and pharmacy = ${pharmacy}
        ), again as (
          delete from webhook_redeliveries where ${isThrough && isAgain}::boolean
            and endpoint_id = ${endpoint}::uuid and pharmacy = ${pharmacy} and position = ${place}::bigint
        )
        update webhook_endpoints set
          failing_since = case when ${isDelivered}::boolean then null else coalesce(failing_since, ${timestamp(at)}) end,
          status = coalesce(${status}, status),
          status_since = case when ${status}::text <> status then ${timestamp(at)} else status_since end
        where id = ${endpoint}::uuid and status <> 'ended'
          and (${status}::text <> status or (failing_since is null) <> ${isDelivered}::boolean)`,
  )
}

/** The attempts at an endpoint, or at one event, newest first after a position. */
export async function listDeliveries(
  db: Queryable,
  endpoint: string,
  wanted: { event: string | undefined; before: string | null; limit: number },
): Promise<Delivery[]> {
  const found = await rows<Omit<Delivery, 'at'> & { at: Instant }>(
    db,
    'list_deliveries',
    sql`select id, event, type, pharmacy, ${instant(sql`at`)} as at, outcome, http_status as "httpStatus", fault,
          duration_ms as "durationMs"
        from webhook_deliveries
        where endpoint_id = ${endpoint}::uuid and id < coalesce(${wanted.before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          and (${wanted.event ?? null}::text is null or event = ${wanted.event ?? null}::text)
        order by id desc limit ${wanted.limit}::int`,
  )
  return found.map(({ at, ...rest }) => ({ ...rest, at: iso(at) }))
}

const BATCH = 5_000

/** Deletes a batch of attempts older than so many days, and returns how many: 0 when none are left. */
export async function forgetDeliveries(db: Queryable, days: number): Promise<number> {
  const { forgotten } = await oneRow<{ forgotten: number }>(
    db,
    'forget_deliveries',
    sql`with old as (
          select id from webhook_deliveries where id < (lpad(to_hex(
            (extract(epoch from clock_timestamp() - make_interval(days => ${days}::int)) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
          order by id limit ${BATCH}::int
        ), gone as (delete from webhook_deliveries d using old where d.id = old.id returning 1)
        select count(*)::int as forgotten from gone`,
  )
  return forgotten
}
