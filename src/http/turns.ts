import type { IdempotencyKey } from '../store/idempotency.ts'

const last = new Map<string, Promise<unknown>>()

/**
 * Lets requests with the same Idempotency-Key work one after another in this process. The database sees to it between
 * processes; here it keeps a storm of retries from taking a connection each, only to wait for one another.
 */
export async function inTurn<T>(key: IdempotencyKey | undefined, work: () => Promise<T>): Promise<T> {
  if (!key) return work()
  const name = `${key.scope}\n${key.key}`
  const before = last.get(name)
  const turn = before ? before.then(work, work) : work()
  last.set(name, turn)
  try {
    return await turn
  } finally {
    if (last.get(name) === turn) last.delete(name)
  }
}
