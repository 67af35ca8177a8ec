import type { Problem } from './problem.ts'

interface Limit {
  most: number
  /** What is said to who asks for more. */
  problem(): Problem
}

/**
 * Counts what is under way of each and in all, up to these limits. Returns a function that takes a place for someone,
 * or throws, and returns what gives it back, once however often it is called.
 */
export function countShares({ ofOne, inAll }: { ofOne: Limit; inAll?: Limit }): (who: string) => () => void {
  const shares = new Map<string, number>()
  let all = 0
  return (who) => {
    const own = shares.get(who) ?? 0
    if (own >= ofOne.most) throw ofOne.problem()
    if (inAll && all >= inAll.most) throw inAll.problem()
    shares.set(who, own + 1)
    all++
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      all--
      const left = (shares.get(who) ?? 0) - 1
      if (left > 0) shares.set(who, left)
      else shares.delete(who)
    }
  }
}
