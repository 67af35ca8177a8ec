import type { Queryable, Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { clock, instant, type SQL, sql, texts } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Endpoint } from './schema.ts'
import type { Seed, Signing } from './signing.ts'

/** A live secret of an endpoint. */
export interface KeptSeed extends Seed {
  createdAt: Instant
  expiresAt: Instant | null
}

/** An endpoint as kept, its live secrets newest first. */
export interface KeptEndpoint {
  id: string
  url: string
  types: string[]
  pharmacies: string[] | null
  signing: Signing
  status: Endpoint['status']
  statusSince: Instant
  failingSince: Instant | null
  createdAt: Instant
  seeds: KeptSeed[]
}

/** What a caller says of a new endpoint. */
export type NewEndpoint = Pick<KeptEndpoint, 'id' | 'url' | 'types' | 'pharmacies' | 'signing'>

type Row = Omit<KeptEndpoint, 'seeds'> & { seeds: (Omit<KeptSeed, 'seed'> & { seed: string })[] }

/** A list of an endpoint's live secrets as JSON, newest first. */
export function seedsOf(endpoint: SQL): SQL {
  return sql`(select coalesce(json_agg(json_build_object('id', s.id, 'keyId', s.key_id, 'seed', encode(s.seed, 'hex'),
      'createdAt', ${instant(sql`s.created_at`)}, 'expiresAt', ${instant(sql`s.expires_at`)}) order by s.id desc), '[]')
    from webhook_secrets s
    where s.endpoint_id = ${endpoint} and (s.expires_at is null or s.expires_at > clock_timestamp()))`
}

/** Seeds as `seedsOf` writes them. */
export function seedsIn(written: Row['seeds']): KeptSeed[] {
  return written.map((each) => ({ ...each, seed: Buffer.from(each.seed, 'hex') }))
}

const columns = sql`e.id, e.url, e.types, e.pharmacies, e.signing, e.status, ${instant(sql`e.status_since`)} as "statusSince",
  ${instant(sql`e.failing_since`)} as "failingSince", ${instant(sql`e.created_at`)} as "createdAt",
  ${seedsOf(sql`e.id`)} as seeds`

/** Makes whoever makes an endpoint for the same client queue, and counts those that it has. */
export async function countEndpoints(tx: Transaction, client: string): Promise<number> {
  await rows(tx, 'lock_webhooks', sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks ${client}`}, 0))`)
  const { count } = await oneRow<{ count: number }>(
    tx,
    'count_endpoints',
    sql`select count(*)::int as count from webhook_endpoints where client_id = ${client}::uuid and status <> 'ended'`,
  )
  return count
}

/** Puts an endpoint in that is told of what happens from now on. */
export async function insertEndpoint(tx: Transaction, client: string, made: NewEndpoint): Promise<void> {
  await rows(
    tx,
    'insert_endpoint',
    sql`insert into webhook_endpoints (id, client_id, url, types, pharmacies, signing, status_since, position, created_at)
        select ${made.id}::uuid, ${client}::uuid, ${made.url}, ${texts(made.types)}, ${texts(made.pharmacies)}, ${made.signing},
          at, last, at from event_log_state, ${clock} as at`,
  )
}

/** Puts a secret in; those before it end then, all but the newest of them at once. */
export async function insertSeed(
  tx: Transaction,
  endpoint: string,
  { id, keyId, seed }: Seed,
  overlapHours: number,
): Promise<void> {
  await rows(
    tx,
    'end_seeds',
    sql`with newest as (
          select id from webhook_secrets where endpoint_id = ${endpoint}::uuid order by id desc limit 1
        ), gone as (
          delete from webhook_secrets where endpoint_id = ${endpoint}::uuid and id not in (select id from newest)
        )
        update webhook_secrets set expires_at = ${clock} + make_interval(hours => ${overlapHours}::int)
        where endpoint_id = ${endpoint}::uuid and id in (select id from newest)`,
  )
  await rows(
    tx,
    'insert_seed',
    sql`insert into webhook_secrets (endpoint_id, id, key_id, seed, created_at)
        values (${endpoint}::uuid, ${id}::uuid, ${keyId}, decode(${seed.toString('hex')}, 'hex'), ${clock})`,
  )
}

/** An endpoint of a client's. */
export async function findEndpoint(db: Queryable, client: string, id: string): Promise<KeptEndpoint | undefined> {
  const found = await row<Row>(
    db,
    'find_endpoint',
    sql`select ${columns} from webhook_endpoints e where e.id = ${id}::uuid and e.client_id = ${client}::uuid`,
  )
  return found && { ...found, seeds: seedsIn(found.seeds) }
}

/** Locks an endpoint of a client's, and returns its status; undefined if there is none. */
export async function lockEndpoint(
  tx: Transaction,
  client: string,
  id: string,
): Promise<KeptEndpoint['status'] | undefined> {
  const found = await row<Pick<KeptEndpoint, 'status'>>(
    tx,
    'lock_endpoint',
    sql`select status from webhook_endpoints where id = ${id}::uuid and client_id = ${client}::uuid for no key update`,
  )
  return found?.status
}

/** A client's endpoints, newest first after a position. */
export async function listEndpoints(
  db: Queryable,
  client: string,
  before: string | null,
  limit: number,
): Promise<KeptEndpoint[]> {
  const found = await rows<Row>(
    db,
    'list_endpoints',
    sql`select ${columns} from webhook_endpoints e
        where e.client_id = ${client}::uuid and e.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by e.id desc limit ${limit}::int`,
  )
  return found.map((each) => ({ ...each, seeds: seedsIn(each.seeds) }))
}

/** Deletes an endpoint with all that is still to be delivered to it, and what is known of its deliveries. */
export async function deleteEndpoint(tx: Transaction, id: string): Promise<void> {
  await rows(tx, 'delete_endpoint', sql`delete from webhook_endpoints where id = ${id}::uuid`)
  await rows(tx, 'delete_deliveries', sql`delete from webhook_deliveries where endpoint_id = ${id}::uuid`)
}
