import type { Queryable } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { clock, instant, sql } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import { eventKindsFor } from '../../http/event-reader.ts'
import type { EventReader } from '../../store/events.ts'
import { type KeptEndpoint, type KeptSeed, seedsIn, seedsOf } from './endpoint-queries.ts'
import { type LaneState, OF_NONE } from './lane-queries.ts'

/** An endpoint with what its client may do at this moment. */
export interface Told extends Pick<KeptEndpoint, 'id' | 'url' | 'types' | 'pharmacies' | 'signing' | 'status'> {
  at: Instant
  position: number
  failingSince: Instant | null
  seeds: KeptSeed[]
  client: {
    id: string
    role: 'pharmacy' | 'regulator'
    isActive: boolean
    scopes: string[]
    territories: string[]
    professions: string[]
  }
  /** Of those asked about, or of all, the pharmacies that grant the client and that the endpoint is told of. */
  granted: string[]
  lane: LaneState | null
}

/** An endpoint and one of its lanes, or all its pharmacies; undefined if it was deleted. */
export async function readTold(db: Queryable, endpoint: string, pharmacy: string | null): Promise<Told | undefined> {
  const found = await row<Omit<Told, 'seeds'> & { seeds: (Omit<KeptSeed, 'seed'> & { seed: string })[] }>(
    db,
    'read_told',
    sql`select e.id, e.url, e.types, e.pharmacies, e.signing, e.status, e.position::float8 as position,
          ${instant(sql`e.failing_since`)} as "failingSince", ${instant(clock)} as at, ${seedsOf(sql`e.id`)} as seeds,
          json_build_object('id', c.id, 'role', c.role, 'isActive', c.status = 'active', 'scopes', c.scopes,
            'territories', c.territories, 'professions', c.professions) as client,
          (select coalesce(json_agg(g.finess), '[]') from client_grants g join pharmacies p using (finess)
            where g.client_id = c.id and g.withdrawn_at is null and p.status = 'active'
              and (${pharmacy}::text is null or g.finess = ${pharmacy}::text)
              and (e.pharmacies is null or g.finess = any (e.pharmacies))) as granted,
          (select json_build_object('position', l.position, 'newest', l.newest, 'wakes', l.wakes,
              'failingSince', ${instant(sql`l.failing_since`)}, 'again', r.position, 'test', r.test)
            from webhook_lanes l left join lateral (
              select position, test from webhook_redeliveries
              where endpoint_id = l.endpoint_id and pharmacy = l.pharmacy order by position limit 1) r on true
            where l.endpoint_id = e.id and l.pharmacy = ${pharmacy}::text) as lane
        from webhook_endpoints e join clients c on c.id = e.client_id where e.id = ${endpoint}::uuid`,
  )
  return found && { ...found, seeds: seedsIn(found.seeds) }
}

/** Whose eyes an endpoint is told with, of one lane or of all: what its client may read now. */
export function readerFor({ client, granted }: Pick<Told, 'client' | 'granted'>, pharmacy?: string): EventReader {
  const { role, scopes, territories, professions } = client
  const kinds = eventKindsFor(role, scopes)
  if (role === 'regulator' && pharmacy !== OF_NONE) return { role, kinds, remit: { territories, professions } }
  return { role: 'pharmacy', kinds, pharmacies: pharmacy === OF_NONE ? [] : granted }
}

/** The endpoints that have not been told of the newest events, of clients that are active. */
export async function endpointsBehind(db: Queryable): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    'endpoints_behind',
    sql`select e.id from webhook_endpoints e join clients c on c.id = e.client_id
        where e.status = 'active' and c.status = 'active' and e.position < (select last from event_log_state)`,
  )
  return found.map(({ id }) => id)
}

/** Whether there is an endpoint that anything could be sent to. */
export async function hasEndpoints(db: Queryable): Promise<boolean> {
  return (
    (await row(db, 'has_endpoints', sql`select true as has from webhook_endpoints where status <> 'ended' limit 1`)) !==
    undefined
  )
}
