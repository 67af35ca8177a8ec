import { hash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Queryable } from '../db/database.ts'
import { countRequests, forgetRequestCounts } from '../store/request-counts.ts'

/** Counts of requests that several processes share. */
export interface SharedCounts {
  /** Counts one more; undefined if the others cannot be asked now. Never fails. */
  count(key: string): Promise<{ current: number; ttl: number } | undefined>
}

type Counted = Awaited<ReturnType<SharedCounts['count']>>
type Waiting = Map<string, ((counted: Counted) => void)[]>

const FORGET_EVERY_MS = 10_000
const ALONE_MS = 5_000

/**
 * Shares counts through the database. One statement is under way at a time, with all that came in while the one before
 * it was. If the database does not answer, each process counts for itself for five seconds and then asks again.
 */
export function shareCounts(db: Queryable, log: FastifyBaseLogger): (limit: string) => SharedCounts {
  let waiting: Waiting = new Map()
  let isAsking = false
  let aloneUntil = Number.NEGATIVE_INFINITY
  let forgotAt = performance.now()

  async function ask(asked: Waiting): Promise<void> {
    try {
      const found = await countRequests(db, new Map([...asked].map(([id, answers]) => [id, answers.length])))
      for (const { id, count, leftMs } of found) tell(asked.get(id) ?? [], count, leftMs)
      if (performance.now() - forgotAt < FORGET_EVERY_MS) return
      forgotAt = performance.now()
      await forgetRequestCounts(db)
    } catch (error) {
      aloneUntil = performance.now() + ALONE_MS
      log.warn({ err: error }, 'the database does not count requests: for five seconds this process counts alone')
      giveUp(asked)
      giveUp(waiting)
      waiting = new Map()
    }
  }

  async function askInTurn(): Promise<void> {
    isAsking = true
    while (waiting.size > 0) {
      const asked = waiting
      waiting = new Map()
      await ask(asked)
    }
    isAsking = false
  }

  return (limit) => ({
    count(key) {
      if (performance.now() < aloneUntil) return Promise.resolve(undefined)
      // A hash, as a key may hold a national number.
      const id = hash('sha256', `${limit}\n${key}`)
      return new Promise((answer) => {
        const others = waiting.get(id)
        if (others) others.push(answer)
        else waiting.set(id, [answer])
        if (!isAsking) void askInTurn()
      })
    },
  })
}

// Whoever has had an answer keeps it.
function giveUp(waiting: Waiting): void {
  for (const answer of [...waiting.values()].flat()) answer(undefined)
}

/** Of requests counted together each is told its own place. */
function tell(answers: ((counted: Counted) => void)[], count: number, ttl: number): void {
  for (const [index, answer] of answers.entries()) answer({ current: count - answers.length + 1 + index, ttl })
}
