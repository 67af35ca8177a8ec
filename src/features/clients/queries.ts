import type { Queryable, Transaction } from '../../db/database.ts'
import { row, rows } from '../../db/query.ts'
import { clock, instant, json, sql, texts } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import type { ClientState } from './powers.ts'
import { wantedChange } from './request-queries.ts'
import type { Client } from './schema.ts'
import { type SecretRow, secretView, unexpired } from './secret-queries.ts'

const columns = sql`c.id, c.name, c.role, c.status, c.scopes, c.territories, c.professions, c.jwks, c.exchange,
  c.token_seconds as "tokenSeconds", c.requests_per_minute as "requestsPerMinute", ${instant(sql`c.tokens_from`)} as "tokensFrom",
  ${instant(sql`c.created_at`)} as "createdAt", ${instant(sql`c.updated_at`)} as "updatedAt",
  (select count(*)::int from client_grants g where g.client_id = c.id and g.withdrawn_at is null) as pharmacies,
  (select coalesce(json_agg(json_build_object('id', s.id, 'createdAt', ${instant(sql`s.created_at`)},
      'expiresAt', ${instant(sql`s.expires_at`)}) order by s.created_at), '[]')
    from client_secrets s where s.client_id = c.id and ${unexpired(sql`s`)}) as secrets,
  (select json_build_object('id', r.id, 'askedAt', ${instant(sql`r.asked_at`)}, 'askedBy', r.asked_by, 'change', ${wantedChange(sql`r`)},
      'secret', r.secret ->> 'id')
    from client_requests r where r.client_id = c.id and r.ended_at is null) as awaiting`

interface Row extends Omit<Client, 'tokensFrom' | 'createdAt' | 'updatedAt' | 'secrets' | 'awaiting'> {
  tokensFrom: Instant | null
  createdAt: Instant
  updatedAt: Instant
  secrets: SecretRow[]
  awaiting: (Omit<NonNullable<Client['awaiting']>, 'askedAt'> & { askedAt: Instant }) | null
}

/** Puts a client in. */
export async function insertClient(
  tx: Transaction,
  id: string,
  role: Client['role'],
  state: ClientState,
): Promise<void> {
  await rows(
    tx,
    'insert_client',
    sql`insert into clients (id, name, role, status, scopes, territories, professions, token_seconds, requests_per_minute, jwks, exchange)
        values (${id}::uuid, ${state.name}, ${role}, ${state.status}, ${texts(state.scopes)},
          ${texts(state.territories)}, ${texts(state.professions)}, ${state.tokenSeconds}::int, ${state.requestsPerMinute}::int,
          nullif(${json(state.jwks)}, 'null'), nullif(${json(state.exchange)}, 'null'))`,
  )
}

/** Locks a client, so that its secrets and grants change one after another; `at` is the clock once it is locked. */
export async function lockClient(
  tx: Transaction,
  id: string,
): Promise<(Pick<Client, 'role' | 'status'> & { at: Instant }) | undefined> {
  await rows(tx, 'lock_client', sql`select from clients where id = ${id}::uuid for update`)
  return row(
    tx,
    'read_locked_client',
    sql`select role, status, ${instant(clock)} as at from clients where id = ${id}::uuid`,
  )
}

/** Changes an existing client. */
export async function updateClient(tx: Transaction, id: string, change: ClientState): Promise<void> {
  await rows(
    tx,
    'update_client',
    sql`update clients set name = ${change.name}, status = ${change.status}, scopes = ${texts(change.scopes)},
          territories = ${texts(change.territories)}, professions = ${texts(change.professions)},
          token_seconds = ${change.tokenSeconds}::int, requests_per_minute = ${change.requestsPerMinute}::int, jwks = nullif(${json(change.jwks)}, 'null'),
          exchange = nullif(${json(change.exchange)}, 'null'),
          updated_at = ${clock}
        where id = ${id}::uuid`,
  )
}

/** Refuses the tokens issued to a client so far. */
export async function refuseTokens(tx: Transaction, id: string): Promise<void> {
  await rows(
    tx,
    'refuse_tokens',
    sql`update clients set tokens_from = ${clock}, updated_at = ${clock} where id = ${id}::uuid`,
  )
}

/** A client, or undefined. */
export async function findClient(db: Queryable, id: string): Promise<Client | undefined> {
  const found = await row<Row>(db, 'find_client', sql`select ${columns} from clients c where c.id = ${id}::uuid`)
  return found && view(found)
}

/** Reads a client that this transaction has locked or made. */
export async function readClient(tx: Transaction, id: string): Promise<Client> {
  const found = await findClient(tx, id)
  if (!found) throw new Error('the client was there before')
  return found
}

/** All clients, newest first after a position. */
export async function listClients(db: Queryable, before: string | null, limit: number): Promise<Client[]> {
  const found = await rows<Row>(
    db,
    'list_clients',
    sql`select ${columns} from clients c
        where c.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by c.id desc limit ${limit}::int`,
  )
  return found.map(view)
}

function view({ tokensFrom, createdAt, updatedAt, secrets, awaiting, ...client }: Row): Client {
  return {
    ...client,
    tokensFrom: tokensFrom === null ? null : iso(tokensFrom),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    secrets: secrets.map(secretView),
    awaiting: awaiting && { ...awaiting, askedAt: iso(awaiting.askedAt) },
  }
}
