import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Database, Transaction } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { invalid, isRefusal, type Refusal } from '../domain/refusals.ts'
import { sayWho } from '../store/admin-acts.ts'
import {
  claimKey,
  type IdempotencyKey,
  type KeyLife,
  type KeyTrouble,
  type StoredAnswer,
  storeAnswer,
} from '../store/idempotency.ts'
import { waitForStandby } from '../store/replication.ts'
import { numberOf } from './caller.ts'
import { Problem } from './problem.ts'
import { unlessRefused } from './refusals.ts'
import { keyOf, VISIBLE_ASCII } from './request-key.ts'
import { inTurn, type Outcome } from './turns.ts'

const visible = (longest: number) => ({
  type: 'string',
  minLength: 1,
  maxLength: longest,
  pattern: VISIBLE_ASCII.source,
})

/** The header of a read at the counter, for the documentation; `operatorOf` checks it. */
export const operatorHeader = z.object({
  'x-operator': z
    .string()
    .optional()
    .meta({ shownAs: visible(64) })
    .describe('1 to 64 visible ASCII characters: the pseudonym of the person at the counter.'),
})

const idempotencyKey = z
  .string()
  .optional()
  .meta({ shownAs: visible(255) })

/** The headers of a write; `effect` checks them. */
export const writeHeaders = operatorHeader.extend({
  'idempotency-key': idempotencyKey.describe(
    '1 to 255 visible ASCII characters; the same key and body get the first answer again.',
  ),
})

/** The headers of a write that must not happen twice. Its key is checked by `effect`, which has a code for its lack. */
export const keyedWriteHeaders = writeHeaders.extend({
  'idempotency-key': idempotencyKey
    .meta({ isRequired: true })
    .describe('Required. 1 to 255 visible ASCII characters; the same key and body get the first answer again.'),
})

/** How an answer is kept that is about an entry or movement, which tells most of it. */
export interface Kept<T> {
  /** What of the answer it does not tell. */
  rest: (answer: T & { id: string }) => object
  /** The same answer again; undefined if the entry is about somebody else than the request. */
  remake: (tx: Transaction, id: string, rest: unknown) => Promise<T | undefined>
}

interface EffectOptions<T> {
  db: Database
  /** The pharmacy that a `pharmacy` caller acts for: part of its key's scope. */
  pharmacy?: string
  keyRequired?: boolean
  keyLife?: KeyLife
  kept?: Kept<T>
  /** 200 by default; a function if it depends on what was done. */
  status?: number | ((result: T) => number)
  /** Records that a stored answer about a person is shown again. */
  onReplay?: (tx: Transaction, answer: T) => void
}

/**
 * Performs a write. The verb's effect and the answer stored under its Idempotency-Key commit together or not at all. A
 * refusal commits its record but no answer, so that the same request is judged again.
 */
export async function effect<T extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  options: EffectOptions<T>,
  verb: (tx: Transaction) => Promise<T | Refusal>,
): Promise<T> {
  const key = keyOf(request, options)
  const outcome = await inTurn<T | Refusal>(
    key,
    () => once(key, reply, options, withActor(request, verb)),
    (answer) => recordReplay(options, () => answer as T), // A refusal is never shown again.
  )
  const result = unlessRefused(outcome.result)
  if (outcome.replayed) reply.header('idempotency-replayed', 'true')
  // Sent as stored: it may come from an earlier release, whose answers had other members.
  if (outcome.whole) reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
  reply.code(outcome.status)
  return result
}

/**
 * Names, for the journal of administration, who does it: regulators, admins, and pharmacies that admit others. What
 * pharmacies and professionals do with masks is in the ledger and the movements.
 */
function withActor<T>({ caller, ip, routeOptions }: FastifyRequest, verb: (tx: Transaction) => Promise<T>) {
  const { role, subject } = caller
  const { config } = routeOptions
  const isKept = role === 'admin' || role === 'regulator' || config.changesStanding || config.isAdministration
  const number = numberOf(caller)
  const name = number === undefined ? { name: subject } : { name: number, isNumber: true }
  return (tx: Transaction) => {
    if (isKept) sayWho(tx, { role, ...name, act: routeOptions.schema?.operationId ?? '', address: ip })
    return verb(tx)
  }
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
  reply: FastifyReply,
  options: EffectOptions<T>,
  verb: (tx: Transaction) => Promise<T | Refusal>,
): Promise<Outcome<T | Refusal>> {
  const done = inTransaction(options.db, async (tx) => {
    const [claim, work] = await Promise.allSettled([key && claimKey(tx, key), verb(tx)])
    if (claim.status === 'rejected') throw claim.reason
    if (typeof claim.value === 'string') throw keyProblem(claim.value)
    if (claim.value) throw new Replay(claim.value)
    if (work.status === 'rejected') throw work.reason
    const result = work.value
    if (isRefusal(result)) return { replayed: false, status: 0, result }
    const status = typeof options.status === 'function' ? options.status(result) : (options.status ?? 200)
    if (key) storeAnswer(tx, key, keptOf(reply.code(status), options, result), options.keyLife ?? 'days30')
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

function keptOf<T extends object>(reply: FastifyReply, { kept }: EffectOptions<T>, result: T) {
  const { statusCode: status } = reply
  if (!kept) return { status, made: null, response: String(reply.serialize(result)) }
  const answer = result as T & { id: string }
  return { status, made: answer.id, response: JSON.stringify(kept.rest(answer)) }
}

// To send an answer again is to acknowledge again what was committed, perhaps here alone.
function recordReplay<T>(
  { db, onReplay }: EffectOptions<T>,
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

/** The pharmacy's own pseudonym for the person at the counter, if given. */
export function operatorOf(request: FastifyRequest): string | undefined {
  const operator = request.headers['x-operator']
  if (operator === undefined) return undefined
  if (typeof operator !== 'string' || operator.length > 64 || !VISIBLE_ASCII.test(operator)) {
    throw invalid('X-Operator', {
      en: 'must be 1 to 64 visible ASCII characters',
      fr: 'doit compter de 1 à 64 caractères ASCII visibles',
    })
  }
  return operator
}
