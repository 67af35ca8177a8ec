import { type Edge, grow, rootOfEdge } from '../merkle.ts'
import { BundleFault } from './fault.ts'

const BATCH = 4096 // Leaves added at once: adding them one by one copies the edge each time.

/** A root that the first `size` leaves must have; `by` names the checkpoint that signed it. */
export interface ExpectedRoot {
  size: number
  root: Buffer
  by: string
  /** Whether the reader kept it: a bundle of a rewritten history brings checkpoints that match. */
  isKept: boolean
}

/** Rebuilds the tree over a whole log, leaf by leaf, and compares its roots with the signed ones. */
export interface RebuiltTree {
  add(leafHash: Buffer): void
  /** The leaves so far. */
  size(): number
  /** Compares what is left to compare. */
  end(): void
}

/** Starts with no leaf. Throws a BundleFault at the first root that differs. */
export function rebuildTree(expected: readonly ExpectedRoot[]): RebuiltTree {
  const ahead = expected.toSorted((one, other) => one.size - other.size)
  let edge: Edge = { size: 0, levels: [] }
  let leaves: Buffer[] = []
  const proved = { own: 0, kept: 0 }
  const advance = () => {
    edge = grow(edge, leaves).edge
    leaves = []
    for (let next = ahead[0]; next?.size === edge.size; next = ahead[0]) {
      const source = next.isKept ? 'kept' : 'own'
      if (!rootOfEdge(edge).equals(next.root)) throw otherRoot(next, proved[source])
      ahead.shift()
      proved[source] = next.size
    }
  }
  advance() // The empty tree has a root too.
  return {
    add(leafHash) {
      leaves.push(leafHash)
      if (leaves.length === BATCH || edge.size + leaves.length === ahead[0]?.size) advance()
    },
    size: () => edge.size + leaves.length,
    end: advance,
  }
}

function otherRoot({ size, by }: ExpectedRoot, from: number): BundleFault {
  const which = from === size - 1 ? 'it is' : `it, or one up to entry ${size - 1}, is`
  return new BundleFault(
    `${which} not what the log held when ${by} was signed over the first ${size} entries: the history was rewritten`,
    from,
  )
}
