import type { Queryable, Transaction } from '../db/database.ts'
import { isLockTimeout } from '../db/failures.ts'
import { row, rows, send } from '../db/query.ts'
import { sql } from '../db/sql.ts'

/**
 * A key as a caller sent it: `scope` is the caller (and pharmacy), `requestHash` stands for route and body, first without
 * the professional's number, then with it: after an erasure the first half alone is left.
 */
export interface IdempotencyKey {
  scope: string
  key: string
  requestHash: Buffer
}

/** A stored 2xx answer. */
export interface StoredAnswer {
  status: number
  response: unknown
}

/** For how long a key lives that made neither an entry nor a movement. */
export const KEY_DAYS = 30

/** How long a key lives: as long as the entry or movement that it made, or 30 days. */
export type KeyLife = 'entry' | 'days30'

/** Why a key cannot be used: its request is under way still, or it came with another request before. */
export type KeyTrouble = 'in_progress' | 'reused'

/**
 * Waits until no other transaction works on this key, then returns the answer it stored, if any. The key is `in_progress`
 * when the other takes longer than the lock timeout, which fails this transaction too. Take it before every other lock.
 */
export async function claimKey(
  tx: Transaction,
  { scope, key, requestHash }: IdempotencyKey,
): Promise<StoredAnswer | KeyTrouble | undefined> {
  // An advisory lock, not an inserted row: a refusal then leaves nothing behind. The lookup is a statement of its own,
  // so that its snapshot is younger than the wait.
  const locked = rows(
    tx,
    'lock_key',
    sql`select pg_advisory_xact_lock(hashtextextended(${scope} || chr(10) || ${key}, 0))`,
  )
  const lookup = row<{ same: boolean; status: number; response: unknown }>(
    tx,
    'find_key',
    sql`select request_hash in (sent, substring(sent for 32)) as same, status::int, response
        from idempotency_keys, decode(${requestHash.toString('hex')}, 'hex') as sent
        where scope = ${scope} and key = ${key} and (expires_at is null or expires_at > clock_timestamp())`,
  )
  try {
    const [, found] = await Promise.all([locked, lookup])
    return found && !found.same ? 'reused' : found
  } catch (error) {
    if (isLockTimeout(error)) return 'in_progress'
    throw error
  }
}

/** Stores the answer under its key in the effect's own transaction; takes the place of an expired one. */
export function storeAnswer(tx: Transaction, key: IdempotencyKey, answer: StoredAnswer, life: KeyLife): void {
  send(
    tx,
    'store_answer',
    sql`with expired as (
          delete from idempotency_keys
          where scope = ${key.scope} and key = ${key.key} and expires_at <= clock_timestamp()
          returning 1
        )
        insert into idempotency_keys (scope, key, request_hash, status, response, expires_at)
        select ${key.scope}, ${key.key}, decode(${key.requestHash.toString('hex')}, 'hex'), ${answer.status}::int,
          ${JSON.stringify(answer.response)}::json,
          case when ${life}::text = 'days30' then clock_timestamp() + make_interval(days => ${KEY_DAYS}::int) end
        -- Only what is asked for its rows is sure to be done first: the expired key must be gone before the new one comes.
        where (select count(*) from expired) >= 0`,
  )
}

/** Deletes the keys whose time is over. */
export async function forgetExpiredKeys(db: Queryable): Promise<void> {
  await rows(db, 'forget_expired_keys', sql`delete from idempotency_keys where expires_at <= clock_timestamp()`)
}
