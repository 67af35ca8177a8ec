import type { IdempotencyKey } from '../store/idempotency.ts'

/** How an effect ended: `status` 0 is a refusal, which no key stores. */
export interface Outcome<T> {
  replayed: boolean
  /** The answer is a stored one, to be sent as it is. */
  whole?: boolean
  status: number
  result: T
}

const underWay = new Map<string, { requestHash: Buffer; outcome: Promise<Outcome<unknown>> }>()

/**
 * Makes requests with the same Idempotency-Key take turns in this process. Those that waited and are the same request
 * share the answer, which is by then committed under their key; `showAgain` does what showing it to each calls for.
 * Between processes the database does this; here it keeps a storm of retries from taking a connection each only to wait
 * for one another.
 */
export async function inTurn<T>(
  key: IdempotencyKey | undefined,
  work: () => Promise<Outcome<T>>,
  showAgain: (answer: T) => Promise<unknown>,
): Promise<Outcome<T>> {
  if (!key) return work()
  const name = `${key.scope}\n${key.key}`
  const before = underWay.get(name)
  const same = before?.requestHash.equals(key.requestHash)
  const follow = async (done: Outcome<T>): Promise<Outcome<T>> => {
    if (!same || done.status === 0) return work()
    await showAgain(done.result)
    return { ...done, replayed: true }
  }
  const outcome = before ? before.outcome.then((done) => follow(done as Outcome<T>), work) : work()
  const turn = { requestHash: key.requestHash, outcome }
  underWay.set(name, turn)
  try {
    return await outcome
  } finally {
    if (underWay.get(name) === turn) underWay.delete(name)
  }
}
