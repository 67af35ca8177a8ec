import { BundleFault } from './fault.ts'

/** Where an entry stands in the chain of its person. */
interface Link {
  index: number
  personId: string
  seq: number
  previousHash: string | null
  leafHash: string
}

/** Follows the chain of each person through entries that come in the log's order. */
export interface Chains {
  /** Takes the next entry; throws if it does not continue its chain. */
  add(link: Link): void
  /** Takes an entry of which only the hash is known: any later entry may follow it. */
  addHidden(leafHash: string): void
}

/** Chains with nothing left out. */
export function wholeChains(): Chains {
  const ends = new Map<string, { index: number; seq: number; leafHash: string }>()
  const hidden = new Set<string>()
  let unseen = 0 // Hidden entries that no gap accounts for yet.
  return {
    add({ index, personId, seq, previousHash, leafHash }) {
      const end = ends.get(personId)
      const gap = seq - (end?.seq ?? 0) - 1
      if (gap < 0 || gap > unseen) {
        throw new BundleFault(`it has sequence ${seq} in its person’s history, after ${end?.seq ?? 'none'}`, index)
      }
      const follows = gap === 0 ? previousHash === (end?.leafHash ?? null) : hidden.has(previousHash ?? '')
      if (!follows) {
        const before = gap === 0 && end ? `entry ${end.index}` : 'an entry'
        throw new BundleFault(`its previousHash is not the hash of ${before}, before it in its person’s history`, index)
      }
      unseen -= gap
      ends.set(personId, { index, seq, leafHash })
    },
    addHidden(leafHash) {
      hidden.add(leafHash)
      unseen += 1
    },
  }
}

/** Chains of which only some entries were asked for: a gap before an entry proves nothing and is ignored. */
export function partsOfChains(): Chains {
  const ends = new Map<string, { seq: number; leafHash: string }>()
  return {
    add({ index, personId, seq, previousHash, leafHash }) {
      const end = ends.get(personId)
      if (end && (seq <= end.seq || (seq === end.seq + 1 && previousHash !== end.leafHash))) {
        throw new BundleFault('it does not continue its person’s history', index)
      }
      ends.set(personId, { seq, leafHash })
    },
    addHidden() {},
  }
}
