import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Database, Transaction } from '../db/database.ts'
import { invalid, type Refusal } from '../domain/refusals.ts'
import { type Actor, sayWho } from '../store/admin-acts.ts'
import { numberOf } from './caller.ts'
import { type HowKept, onceUnder } from './once.ts'
import { unlessRefused } from './refusals.ts'
import { keyOf, VISIBLE_ASCII } from './request-key.ts'

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

interface EffectOptions<T> extends HowKept<T> {
  db: Database
  /** The pharmacy that a `pharmacy` caller acts for: part of its key's scope. */
  pharmacy?: string
  keyRequired?: boolean
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
  const write = (status: number, result: T) => String(reply.code(status).serialize(result))
  const outcome = await onceUnder(key, { ...options, write }, withActor(request, verb))
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
function withActor<T>(request: FastifyRequest, verb: (tx: Transaction) => Promise<T>) {
  const { role } = request.caller
  const { config } = request.routeOptions
  const isKept = role === 'admin' || role === 'regulator' || config.changesStanding || config.isAdministration
  return (tx: Transaction) => {
    if (isKept) sayWho(tx, actorOf(request))
    return verb(tx)
  }
}

/** Who makes a request, as the journal of administration names them. */
export function actorOf({ caller, ip, routeOptions }: FastifyRequest): Actor {
  const number = numberOf(caller)
  const name = number === undefined ? { name: caller.subject } : { name: number, isNumber: true }
  return { role: caller.role, ...name, act: routeOptions.schema?.operationId ?? '', address: ip }
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
