import type { Queryable } from '../../db/database.ts'
import { oneRow } from '../../db/query.ts'
import { sql } from '../../db/sql.ts'

/** How delivering goes, in all. */
export interface DeliveryState {
  /** Lanes that have something to deliver. */
  waitingLanes: number
  /** How long ago the oldest event that waits for an endpoint that is not paused came. */
  oldestSeconds: number
  /** Endpoints whose last attempts failed. */
  failing: number
  paused: number
}

/** Reads how delivering goes. */
export function readDeliveryState(db: Queryable): Promise<DeliveryState> {
  return oneRow(
    db,
    'delivery_state',
    sql`select
          (select count(*)::int from webhook_lanes) as "waitingLanes",
          (select coalesce(greatest(extract(epoch from clock_timestamp()) - min(l.position) / 1e6, 0), 0)::float8
            from webhook_lanes l join webhook_endpoints e on e.id = l.endpoint_id
            where e.status = 'active' and l.position < l.newest) as "oldestSeconds",
          (select count(*)::int from webhook_endpoints where status = 'active' and failing_since is not null) as failing,
          (select count(*)::int from webhook_endpoints where status = 'paused') as paused`,
  )
}
