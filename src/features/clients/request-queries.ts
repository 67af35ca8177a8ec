import type { Transaction } from '../../db/database.ts'
import { oneRow, row, rows } from '../../db/query.ts'
import { clock, json, type SQL, sql } from '../../db/sql.ts'
import type { Instant } from '../../domain/instant.ts'
import type { ClientState } from './powers.ts'
import type { NewSecret } from './secret.ts'

/** What is asked for: the client as it would be, or a secret more. */
export type Wanted =
  | { change: ClientState; secret: null }
  | { change: null; secret: Pick<NewSecret, 'id' | 'hash'> & { expiresAt: Instant | null } }

export type OpenRequest = Wanted & { id: string; askedBy: string }

/** What is asked for a client; one that was asked of an earlier release lacks what has come since. */
export function wantedChange(request: SQL): SQL {
  return sql`jsonb_build_object('requestsPerMinute', null, 'exchange', null) || ${request}.change`
}

/** Keeps what is asked for a locked client that has no open request. */
export async function insertRequest(tx: Transaction, id: string, client: string, wanted: Wanted, by: string) {
  await rows(
    tx,
    'insert_client_request',
    sql`insert into client_requests (id, client_id, change, secret, asked_at, asked_by)
        values (${id}::uuid, ${client}::uuid, nullif(${json(wanted.change)}, 'null'),
          nullif(${json(wanted.secret)}, 'null'), ${clock}, ${by})`,
  )
}

/** The open request of a locked client, or undefined. */
export function findOpenRequest(tx: Transaction, client: string): Promise<OpenRequest | undefined> {
  return row<OpenRequest>(
    tx,
    'find_open_client_request',
    sql`select id, ${wantedChange(sql`client_requests`)} as change, secret, asked_by as "askedBy" from client_requests
        where client_id = ${client}::uuid and ended_at is null`,
  )
}

/** Ends the open request of a locked client, if it has one. */
export async function endRequest(tx: Transaction, client: string, by: string, confirmed: boolean): Promise<void> {
  await rows(
    tx,
    'end_client_request',
    sql`update client_requests set ended_at = ${clock}, ended_by = ${by}, confirmed = ${confirmed}, secret = null
        where client_id = ${client}::uuid and ended_at is null`,
  )
}

/** Whether more than one admin client was ever made. Those that are revoked count: no admin ends the second word so. */
export async function hasSeveralAdmins(tx: Transaction): Promise<boolean> {
  const { several } = await oneRow<{ several: boolean }>(
    tx,
    'has_several_admin_clients',
    sql`select count(*) > 1 as several from (select from clients where role = 'admin' limit 2) as admins`,
  )
  return several
}
