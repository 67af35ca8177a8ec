import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Queryable } from '../../db/database.ts'
import { FLAGS, flagTexts } from '../../domain/flags.ts'
import { inLanguage, type Language } from '../../domain/language.ts'
import { isRefusal } from '../../domain/refusals.ts'
import { problemOfItem } from '../../http/item-problem.ts'
import { chooseLanguage } from '../../http/language.ts'
import type { OfflineItem } from '../../http/offline-kind.ts'
import { requireAllowed } from '../../http/policy.ts'
import { scopeOf } from '../../http/request-key.ts'
import type { Scope } from '../../http/scopes.ts'
import { validate } from '../../http/validation.ts'
import { keysUsed } from '../../store/idempotency.ts'
import { inOrderOfTime, type Timed } from './order.ts'
import { itemSchema, type Kinds, type Result } from './schema.ts'

/** An item that could be read. */
interface Item extends Timed {
  index: number
  scope: Scope
  record: OfflineItem['record']
}

interface Answer {
  items: Result[]
  legend: { flag: string; meaning: string; action: string }[]
}

/**
 * Records the items of a batch in the order in which they happened, each in a transaction of its own: a batch that
 * breaks off leaves what was recorded, which is replayed when it is sent again. What cannot be recorded holds up
 * nothing else.
 */
export async function takeBatch(
  request: FastifyRequest,
  reply: FastifyReply,
  given: readonly unknown[],
  { db, kinds }: { db: Queryable; kinds: Kinds },
): Promise<Answer> {
  const language = chooseLanguage(request, reply)
  const results: Result[] = []
  const refuse = (index: number, key: string | null, error: unknown) => {
    results[index] = refusedAs(request, key, error)
  }
  const items = given.flatMap((each, index) => {
    try {
      return [readItem(each, index, kinds)]
    } catch (error) {
      refuse(index, keyIn(each), error)
      return []
    }
  })
  const scope = scopeOf(request.caller, request.pharmacy)
  const used = await keysUsed(
    db,
    scope,
    items.map(({ key }) => key),
  )
  for (const item of inOrderOfTime(items)) {
    try {
      results[item.index] = await recordItem(request, item, used.has(item.key))
    } catch (error) {
      refuse(item.index, item.key, error)
    }
  }
  const flagged = new Set(results.flatMap(({ flags }) => flags))
  return { items: results, legend: legendOf(flagged, language) }
}

function readItem(given: unknown, index: number, kinds: Kinds): Item {
  const read = validate(itemSchema, given, 'item')
  if (read.error) throw read.error
  const { key, kind, body } = read.value
  return { index, key, scope: kinds[kind].scope, ...kinds[kind].read(body) }
}

async function recordItem(request: FastifyRequest, { key, scope, record }: Item, isUsed: boolean): Promise<Result> {
  const { caller, pharmacy } = request
  requireAllowed({ pharmacy: 'acting', scope }, caller)
  const { result: answer, replayed, status } = await record({ request, pharmacy, key, isUsed })
  if (isRefusal(answer)) return refusedAs(request, key, answer)
  return { key, outcome: replayed ? 'replayed' : 'recorded', status, answer, flags: [...(answer.flags ?? [])] }
}

// Of items too, unknown ids count towards the limit on them.
function refusedAs(request: FastifyRequest, key: string | null, why: unknown): Result {
  const problem = problemOfItem(why, request)
  if (problem.code === 'not_found') request.refused = { kind: 'not_found' }
  return { key, outcome: 'refused', status: problem.status, problem, flags: [] }
}

function keyIn(given: unknown): string | null {
  const key = (given as { key?: unknown } | null)?.key
  return typeof key === 'string' && itemSchema.shape.key.safeParse(key).success ? key : null
}

function legendOf(flagged: ReadonlySet<string>, language: Language): Answer['legend'] {
  return FLAGS.filter((flag) => flagged.has(flag)).map((flag) => ({
    flag,
    meaning: inLanguage(flagTexts[flag].meaning, language),
    action: inLanguage(flagTexts[flag].action, language),
  }))
}
