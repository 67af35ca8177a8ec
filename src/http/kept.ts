const KEPT_MS = 1_000

/**
 * Reads at most once a second, however often it is asked: in between everybody is given what was read last, or what is
 * being read.
 */
export function keptForASecond<T>(read: () => Promise<T>): () => Promise<T> {
  let readAt = Number.NEGATIVE_INFINITY
  let answer: Promise<T> | undefined
  return () => {
    if (answer === undefined || performance.now() - readAt >= KEPT_MS) {
      readAt = performance.now()
      answer = read()
    }
    return answer
  }
}
