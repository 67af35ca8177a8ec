/** One request and its answer, as far as the rules for tills are about them. Nothing in it can be sent again. */
export interface Exchange {
  /** The request's id, as its answer said. */
  request: string
  method: string
  /** The route's pattern. */
  route: string
  /** A digest of the bearer. */
  bearer: string | undefined
  /** A digest of the Idempotency-Key. */
  key: string | undefined
  /** A digest of address and body; undefined if the body was not read. */
  content: string | undefined
  namesOperator: boolean
  status: number
  /** As the answer's Retry-After said, in seconds. */
  retryAfter: number | undefined
  /** The answer never arrived. */
  isLost: boolean
  /** By the monotonic clock, in milliseconds. */
  arrived: number
  answered: number
}

const MOST = 2_000

/** What a sandbox remembers of its callers: the newest so many, until it ends. */
export function rememberExchanges() {
  const kept: Exchange[] = []
  return {
    add(exchange: Exchange): void {
      kept.push(exchange)
      if (kept.length > MOST) kept.shift()
    },
    all: (): readonly Exchange[] => kept,
  }
}
