import { phrase, type Text } from '../domain/language.ts'
import { Problem } from './problem.ts'

/**
 * Makes work take turns, one piece at a time in the order it came. At most so many wait; whoever comes when all places
 * are taken is told so at once.
 */
export function oneAtATime(what: Text, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
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

function tooMany(what: Text, waiting: number): Problem {
  const detail = {
    en: phrase`${waiting} ${what} are waiting. Try again in a while.`,
    fr: phrase`${waiting} ${what} sont en attente. Réessayez dans quelque temps.`,
  }
  return new Problem('unavailable', detail, { retryAfterSeconds: 10 })
}
