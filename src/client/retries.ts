import { HTTPError, type Options } from 'ky'

/** How long a client goes on. */
export interface Patience {
  /** How often a request is sent at most; 10 unless said, which takes some minutes. */
  tries?: number
  /** How long one try may take, in milliseconds; 15,000 unless said. */
  timeoutMs?: number
}

const TRIES = 10
const TIMEOUT_MS = 15_000
const LONGEST_PAUSE_MS = 60_000

/** Statuses that say «later»: the same request is sent again. */
const LATER = [429, 502, 503, 504]
const UNAUTHENTICATED = 401
const CONFLICT = 409

/** Statuses after which a request may be worth another try. */
export const maybeLater: readonly number[] = [...LATER, UNAUTHENTICATED, CONFLICT]

/** Whether the answer says that the token is no longer taken. */
export function isUnauthenticated(error: unknown): error is HTTPError {
  return error instanceof HTTPError && error.response.status === UNAUTHENTICATED
}

/** How requests are repeated. `isNew` says whether another token can be had after a 401. */
export function retries({ tries = TRIES, timeoutMs = TIMEOUT_MS }: Patience, isNew = () => false): Options {
  return {
    timeout: timeoutMs,
    retry: {
      limit: tries - 1,
      methods: ['get', 'put', 'post', 'delete', 'head'],
      statusCodes: LATER,
      afterStatusCodes: LATER,
      backoffLimit: LONGEST_PAUSE_MS,
      jitter: true,
      retryOnTimeout: true,
      shouldRetry({ error }) {
        if (!(error instanceof HTTPError)) return undefined
        if (isUnauthenticated(error)) return isNew()
        if (error.response.status === CONFLICT) return codeOf(error.data) === 'idempotency_in_progress'
        return undefined
      },
    },
  }
}

function codeOf(problem: unknown): unknown {
  return typeof problem === 'object' && problem !== null && 'code' in problem ? problem.code : undefined
}
