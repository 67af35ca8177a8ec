import type { Queryable } from '../../db/database.ts'
import { oneRow, row } from '../../db/query.ts'
import { clock, sql } from '../../db/sql.ts'
import type { Client } from './schema.ts'
import { unexpired } from './secret-queries.ts'

/** What it takes to authenticate a client. */
export interface KnownClient {
  id: string
  role: Client['role']
  scopes: string[]
  status: Client['status']
  tokenSeconds: number
  jwks: Client['jwks']
  exchange: Client['exchange']
  /** The hash of the secret named, if it is live. */
  hash: string | null
  /** The clock in seconds since 1970, no later than the state that was read. */
  at: number
}

/**
 * A client that is authenticating, with the secret of this id. The share lock waits for any change of the client that
 * is being committed: otherwise a token issued without knowing of a revocation could be dated after it.
 */
export function findKnownClient(db: Queryable, id: string, secret: string | null): Promise<KnownClient | undefined> {
  return row<KnownClient>(
    db,
    'find_known_client',
    sql`select c.id, c.role, c.scopes, c.status, c.token_seconds as "tokenSeconds", c.jwks, c.exchange, s.hash,
          extract(epoch from ${clock})::float8 as at
        from clients c left join client_secrets s on s.client_id = c.id and s.id = ${secret}::uuid and ${unexpired(sql`s`)}
        where c.id = ${id}::uuid for share of c`,
  )
}

/**
 * Uses up a client's assertion; false if it was used before. It is remembered for longer than it is valid, and a few
 * expired ones are deleted on the way.
 */
export async function takeAssertion(
  db: Queryable,
  client: string,
  jtiHash: Buffer,
  expiresAt: number,
): Promise<boolean> {
  const { taken } = await oneRow<{ taken: boolean }>(
    db,
    'take_assertion',
    sql`with old as (
          select client_id, jti_hash from client_assertions where forget_at < clock_timestamp()
          order by forget_at limit 10 for update skip locked
        ), forgotten as (
          delete from client_assertions a using old where (a.client_id, a.jti_hash) = (old.client_id, old.jti_hash)
        ), taken as (
          insert into client_assertions (client_id, jti_hash, forget_at)
          values (${client}::uuid, decode(${jtiHash.toString('hex')}, 'hex'),
            to_timestamp(${expiresAt}::float8) + interval '1 minute')
          on conflict do nothing returning 1
        )
        select exists (select from taken) as taken`,
  )
  return taken
}
