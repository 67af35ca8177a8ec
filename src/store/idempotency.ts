import type { Queryable, Transaction } from '../db/database.ts'
import { isLockTimeout } from '../db/failures.ts'
import { oneRow, row, rows, send } from '../db/query.ts'
import { sql, texts } from '../db/sql.ts'

/**
 * A key as a caller sent it. `scope` is the caller (and pharmacy). `requestHash` is two hashes of route and body, one
 * without the professional's number and one with it.
 */
export interface IdempotencyKey {
  scope: string
  key: string
  requestHash: Buffer
  /** The same as earlier releases hashed it, with when the masks changed hands. */
  formerHash?: Buffer
}

/** A stored 2xx answer. */
export interface StoredAnswer {
  status: number
  /** The entry or movement that tells the rest of the answer; null if the response is the whole answer. */
  made: string | null
  response: unknown
}

/** A 2xx answer to be stored, its response written as JSON. */
export type AnswerText = StoredAnswer & { response: string }

/** How long a key is kept that made neither an entry nor a movement. */
export const KEY_DAYS = 30

/** How long a key is kept: as long as the entry or movement that it made, or 30 days. */
export type KeyLife = 'entry' | 'days30'

/** Why a key cannot be used: its request is still under way, or it was used for another request before. */
export type KeyTrouble = 'in_progress' | 'reused'

/**
 * Waits until no other transaction is working on this key, then returns the stored answer, if any. The key is
 * `in_progress` if the other one takes longer than the lock timeout, which fails this transaction too. Claim it before
 * taking any other lock.
 */
export async function claimKey(
  tx: Transaction,
  { scope, key, requestHash, formerHash }: IdempotencyKey,
): Promise<StoredAnswer | KeyTrouble | undefined> {
  // An advisory lock and not an inserted row, so that a refusal leaves nothing behind. The lookup is a separate
  // statement, so that its snapshot is taken after the wait.
  const locked = rows(
    tx,
    'lock_key',
    sql`select pg_advisory_xact_lock(hashtextextended(${scope} || chr(10) || ${key}, 0))`,
  )
  // Kept alone, the first hash is that of an entry, which tells the number, or was left by an erasure; the second is
  // how release 0.1.0 kept its requests.
  const lookup = row<StoredAnswer & { same: boolean }>(
    tx,
    'find_key',
    sql`select exists (select from unnest(array[sent, former]) as each
            where request_hash in (each, substring(each for 32), substring(each from 33))) as same, status::int, made, response
        from idempotency_keys, decode(${requestHash.toString('hex')}, 'hex') as sent,
          decode(${formerHash?.toString('hex') ?? null}, 'hex') as former
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

/** Which of these keys have been used in a scope. */
export async function keysUsed(db: Queryable, scope: string, keys: readonly string[]): Promise<Set<string>> {
  const found = await rows<{ key: string }>(
    db,
    'keys_used',
    sql`select key from idempotency_keys where scope = ${scope} and key = any (${texts(keys)})`,
  )
  return new Set(found.map(({ key }) => key))
}

/**
 * Stores the answer under its key in the effect's own transaction, replacing an expired one. Whom an entry is about is
 * kept with the entry alone, so the hash with the number is not kept beside it.
 */
export function storeAnswer(tx: Transaction, key: IdempotencyKey, answer: AnswerText, life: KeyLife): void {
  const kept = answer.made === null ? key.requestHash : key.requestHash.subarray(0, 32)
  send(
    tx,
    'store_answer',
    sql`with expired as (
          delete from idempotency_keys
          where scope = ${key.scope} and key = ${key.key} and expires_at <= clock_timestamp()
          returning 1
        )
        insert into idempotency_keys (scope, key, request_hash, status, made, response, expires_at)
        select ${key.scope}, ${key.key}, decode(${kept.toString('hex')}, 'hex'), ${answer.status}::int,
          ${answer.made}::uuid, ${answer.response}::json,
          case when ${life}::text = 'days30' then clock_timestamp() + make_interval(days => ${KEY_DAYS}::int) end
        -- Reading its rows is the only way to have the delete done first: the expired key must go before the new one
        -- comes.
        where (select count(*) from expired) >= 0`,
  )
}

const BATCH = 2_000 // A statement has four seconds, and the answer that a row holds may be long.

/** Deletes a batch of expired keys, and returns how many: 0 when none is left. */
export async function forgetExpiredKeys(db: Queryable): Promise<number> {
  const { forgotten } = await oneRow<{ forgotten: number }>(
    db,
    'forget_expired_keys',
    // The statement's time, since a clock that runs on cannot bound a walk of the index: it would go on over every key
    // that lives. A key that a new request is replacing now is passed over.
    // By their places: a join of so many with all keys would read the whole table for each batch.
    sql`with forgotten as (
          delete from idempotency_keys where ctid = any (array(
            select ctid from idempotency_keys where expires_at <= statement_timestamp()
            order by expires_at limit ${BATCH}::int for update skip locked)) returning 1
        )
        select count(*)::int as forgotten from forgotten`,
  )
  return forgotten
}
