import type { Queryable } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { json, sql } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'

/** What an endpoint is told of one pharmacy, in order: the next event waits until the one before is through. */
export interface Lane {
  endpoint: string
  pharmacy: string
}

/** The lane of events about no pharmacy. No FINESS number is empty. */
export const OF_NONE = ''
/** The lane of tests, which wait for nothing. */
export const OF_TESTS = 'test'

/** A lane with what is still to be delivered in it. */
export interface LaneState {
  position: number
  newest: number
  wakes: number
  failingSince: Instant | null
  /** The first place that is to be delivered again; null if none. */
  again: number | null
  /** The id of a test that is to be sent. */
  test: string | null
}

/** Events of one pharmacy that an endpoint is to be told of. */
export interface Stretch {
  pharmacy: string
  first: number
  newest: number
}

/** Puts events into lanes and moves the endpoint on, unless somebody else has meanwhile. */
export async function fillLanes(
  db: Queryable,
  endpoint: string,
  { from, to }: { from: number; to: number },
  stretches: readonly Stretch[],
): Promise<void> {
  await rows(
    db,
    'fill_lanes',
    sql`with moved as (
          update webhook_endpoints set position = ${to}::bigint
          where id = ${endpoint}::uuid and position = ${from}::bigint returning id
        )
        insert into webhook_lanes (endpoint_id, pharmacy, position, newest)
        select moved.id, t.pharmacy, t.first - 1, t.newest
        from moved, jsonb_to_recordset(${json(stretches)}) as t(pharmacy text, first bigint, newest bigint)
        order by t.pharmacy
        on conflict (endpoint_id, pharmacy) do update
          set newest = greatest(webhook_lanes.newest, excluded.newest), wakes = webhook_lanes.wakes + 1`,
  )
}

/** Places that are to be delivered again, each in the lane of its pharmacy. */
export async function putBack(
  db: Queryable,
  endpoint: string,
  places: readonly { pharmacy: string; place: number; test?: string }[],
): Promise<void> {
  await rows(
    db,
    'put_back',
    sql`with t as (
          select * from jsonb_to_recordset(${json(places)}) as t(pharmacy text, place bigint, test uuid)
        ), lanes as (
          insert into webhook_lanes (endpoint_id, pharmacy, position, newest)
          select e.id, t.pharmacy, e.position, e.position from webhook_endpoints e, (select distinct pharmacy from t) t
          where e.id = ${endpoint}::uuid order by t.pharmacy
          on conflict (endpoint_id, pharmacy) do update set wakes = webhook_lanes.wakes + 1, called = false
        )
        insert into webhook_redeliveries (endpoint_id, pharmacy, position, test)
        select ${endpoint}::uuid, pharmacy, place, test from t
        on conflict (endpoint_id, pharmacy, position) do nothing`,
  )
}

/** Forgets a place that was to be delivered again and cannot be. */
export async function dropAgain(db: Queryable, { endpoint, pharmacy }: Lane, place: number): Promise<void> {
  await rows(
    db,
    'drop_again',
    sql`delete from webhook_redeliveries
        where endpoint_id = ${endpoint}::uuid and pharmacy = ${pharmacy} and position = ${place}::bigint`,
  )
}

/** Ends a lane that was found empty; false if there was a reason to look again meanwhile. */
export async function closeLane(db: Queryable, { endpoint, pharmacy }: Lane, wakes: number): Promise<boolean> {
  const found = await row(
    db,
    'close_lane',
    sql`delete from webhook_lanes
        where endpoint_id = ${endpoint}::uuid and pharmacy = ${pharmacy} and wakes = ${wakes}::int
        returning true as closed`,
  )
  return found !== undefined
}

// A test is sent even where nothing else is.
const isOpen = sql`c.status = 'active' and (e.status = 'active' or (e.status = 'paused' and l.pharmacy = ${sql.raw(`'${OF_TESTS}'`)}))`

/** The lanes that the job queue has not been told of, now that it is; so many at most. */
export async function callLanes(db: Queryable, most: number): Promise<Lane[]> {
  return rows(
    db,
    'call_lanes',
    sql`with due as (
          select l.endpoint_id, l.pharmacy from webhook_lanes l
          join webhook_endpoints e on e.id = l.endpoint_id join clients c on c.id = e.client_id
          where not l.called and ${isOpen} limit ${most}::int for update of l skip locked
        )
        update webhook_lanes l set called = true from due
        where (l.endpoint_id, l.pharmacy) = (due.endpoint_id, due.pharmacy)
        returning l.endpoint_id as endpoint, l.pharmacy`,
  )
}

/** Has the job queue told again of a lane, of all of an endpoint, or of all there are, where they are open. */
export async function recallLanes(db: Queryable, { endpoint, pharmacy }: Partial<Lane> = {}): Promise<void> {
  await rows(
    db,
    'recall_lanes',
    sql`update webhook_lanes l set called = false from webhook_endpoints e join clients c on c.id = e.client_id
        where e.id = l.endpoint_id and l.called and ${isOpen}
          and (${endpoint ?? null}::uuid is null or e.id = ${endpoint ?? null}::uuid)
          and (${pharmacy ?? null}::text is null or l.pharmacy = ${pharmacy ?? null}::text)`,
  )
}

/** Some open lanes of which the job queue was told: a crash may have come in between. */
export async function uncertainLanes(db: Queryable, most: number): Promise<Lane[]> {
  return rows(
    db,
    'uncertain_lanes',
    sql`select l.endpoint_id as endpoint, l.pharmacy from webhook_lanes l
        join webhook_endpoints e on e.id = l.endpoint_id join clients c on c.id = e.client_id
        where l.called and ${isOpen} order by random() limit ${most}::int`,
  )
}
