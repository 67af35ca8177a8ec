import type { Database, Transaction } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { isRefusal, type Refusal } from '../domain/refusals.ts'
import {
  claimKey,
  type IdempotencyKey,
  type KeyLife,
  type KeyTrouble,
  type StoredAnswer,
  storeAnswer,
} from '../store/idempotency.ts'
import { waitForStandby } from '../store/replication.ts'
import { Problem } from './problem.ts'
import { inTurn, type Outcome } from './turns.ts'

/** How an answer is kept that is about an entry or movement, which tells most of it. */
export interface Kept<T> {
  /** What of the answer it does not tell. */
  rest: (answer: T & { id: string }) => object
  /** The same answer again; undefined if the entry is about somebody else than the request. */
  remake: (tx: Transaction, id: string, rest: unknown) => Promise<T | undefined>
}

/** How the answer to a write is kept for retries, and shown again. */
export interface HowKept<T> {
  keyLife?: KeyLife
  kept?: Kept<T>
  /** 200 by default; a function if it depends on what was done. */
  status?: number | ((result: T) => number)
  /** Records that a stored answer about a person is shown again. */
  onReplay?: (tx: Transaction, answer: T) => void
}

interface Options<T> extends HowKept<T> {
  db: Database
  /** The key has been used: it is looked up before any work is done, which would mostly be for nothing. */
  isUsed?: boolean
  /** Writes an answer that is kept whole as it is sent; as JSON if left out. */
  write?: (status: number, result: T) => string
}

/**
 * Does work once under its key, if it has one: the effect and the answer stored under the key commit together or not at
 * all, and whoever sends the same again is given that answer. A refusal commits its record but no answer, so that the
 * same request is judged again.
 */
export function onceUnder<T extends object>(
  key: IdempotencyKey | undefined,
  options: Options<T>,
  verb: (tx: Transaction) => Promise<T | Refusal>,
): Promise<Outcome<T | Refusal>> {
  return inTurn<T | Refusal>(
    key,
    () => once(key, options, verb),
    (answer) => recordReplay(options, () => answer as T), // A refusal is never shown again.
  )
}

/** Thrown to roll back the work once the key turns out to have an answer already. */
class Replay {
  readonly stored: StoredAnswer
  constructor(stored: StoredAnswer) {
    this.stored = stored
  }
}

// The key's lock and the verb's first statements leave in one flush. Nothing is committed until the key's state is
// known.
async function once<T extends object>(
  key: IdempotencyKey | undefined,
  options: Options<T>,
  verb: (tx: Transaction) => Promise<T | Refusal>,
): Promise<Outcome<T | Refusal>> {
  const done = inTransaction(options.db, async (tx) => {
    if (options.isUsed && key) await claimFirst(tx, key)
    const [claim, work] = await Promise.allSettled([key && claimKey(tx, key), verb(tx)])
    if (claim.status === 'rejected') throw claim.reason
    if (typeof claim.value === 'string') throw keyProblem(claim.value)
    if (claim.value) throw new Replay(claim.value)
    if (work.status === 'rejected') throw work.reason
    const result = work.value
    if (isRefusal(result)) return { replayed: false, status: 0, result }
    const status = typeof options.status === 'function' ? options.status(result) : (options.status ?? 200)
    if (key) storeAnswer(tx, key, keptOf(status, options, result), options.keyLife ?? 'days30')
    else waitForStandby(tx) // What was done before, and is acknowledged again, has written nothing.
    return { replayed: false, status, result }
  })
  return done.catch(async (thrown) => {
    if (!(thrown instanceof Replay)) throw thrown
    const { status, made, response } = thrown.stored
    const answer = (tx: Transaction) => (made === null ? (response as T) : options.kept?.remake(tx, made, response))
    return { replayed: true, whole: made === null, status, result: await recordReplay(options, answer) }
  })
}

async function claimFirst(tx: Transaction, key: IdempotencyKey): Promise<void> {
  const claimed = await claimKey(tx, key)
  if (typeof claimed === 'string') throw keyProblem(claimed)
  if (claimed) throw new Replay(claimed)
}

function keptOf<T extends object>(
  status: number,
  { kept, write = (_, whole) => JSON.stringify(whole) }: Options<T>,
  result: T,
) {
  if (!kept) return { status, made: null, response: write(status, result) }
  const answer = result as T & { id: string }
  return { status, made: answer.id, response: JSON.stringify(kept.rest(answer)) }
}

// To send an answer again is to acknowledge again what was committed, perhaps here alone.
function recordReplay<T>(
  { db, onReplay }: Options<T>,
  answerAgain: (tx: Transaction) => T | undefined | Promise<T | undefined>,
): Promise<T> {
  return inTransaction(db, async (tx) => {
    waitForStandby(tx)
    const answer = await answerAgain(tx)
    if (answer === undefined) throw keyProblem('reused')
    onReplay?.(tx, answer)
    return answer
  })
}

function keyProblem(trouble: KeyTrouble): Problem {
  if (trouble === 'in_progress')
    return new Problem('idempotency_in_progress', {
      en: 'A request with this Idempotency-Key is under way. Send it again in a moment.',
      fr: 'Une requête avec cette Idempotency-Key est en cours. Renvoyez-la dans un instant.',
    })
  return new Problem('idempotency_key_reused', {
    en: 'This Idempotency-Key came with another request before. Use a new key for a new request.',
    fr: 'Cette Idempotency-Key a déjà accompagné une autre requête. Prenez une nouvelle clé pour une nouvelle requête.',
  })
}
