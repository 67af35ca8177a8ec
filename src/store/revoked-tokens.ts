import type { Transaction } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { sql, timestamp } from '../db/sql.ts'
import type { Instant } from '../domain/instant.ts'

/** Has every process refuse a token of this service within a second, and forgets those that have ended. */
export async function revokeToken(tx: Transaction, id: string, endsAt: Instant): Promise<void> {
  await rows(tx, 'forget_ended_tokens', sql`delete from revoked_tokens where forget_at < clock_timestamp()`)
  await rows(
    tx,
    'revoke_token',
    sql`insert into revoked_tokens (id, forget_at) values (${id}::uuid, ${timestamp(endsAt)}) on conflict do nothing`,
  )
}
