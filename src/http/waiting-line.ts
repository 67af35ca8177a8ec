import { Problem } from './problem.ts'

/**
 * Makes work take turns, one piece at a time in the order it came. At most so many wait; whoever comes when all places
 * are taken is told so at once.
 */
export function oneAtATime(what: string, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  let underWay = 0
  return (work) => {
    if (underWay > mostWaiting) return Promise.reject(tooMany(what, mostWaiting))
    underWay++
    const turn = last.then(work).finally(() => underWay--)
    last = turn.catch(() => {})
    return turn
  }
}

function tooMany(what: string, waiting: number): Problem {
  return new Problem('unavailable', `${waiting} ${what} are waiting. Try again in a while.`, { retryAfterSeconds: 10 })
}
