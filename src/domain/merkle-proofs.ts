import { joinSubtrees, nodeHash, perfectSubtrees, type Range, TILE_HASHES, type Tile } from './merkle.ts'

/**
 * The subtrees, from the leaf up, whose roots prove that leaf `index` is in a tree of `size` (RFC 6962 section 2.1.1).
 */
export function inclusionPath(index: number, size: number): Range[] {
  const path: Range[] = []
  let whole = { start: 0, end: size }
  while (whole.end - whole.start > 1) {
    const [left, right] = halves(whole)
    const isLeft = index < left.end
    path.unshift(isLeft ? right : left)
    whole = isLeft ? left : right
  }
  return path
}

/** The subtrees whose roots prove that the tree of `to` leaves begins with that of `from` (RFC 6962 section 2.1.2). */
export function consistencyPath(from: number, to: number): Range[] {
  const path: Range[] = []
  let whole = { start: 0, end: to }
  let isOldTree = true
  while (whole.end !== from) {
    const [left, right] = halves(whole)
    const goesLeft = from <= left.end
    path.unshift(goesLeft ? right : left)
    isOldTree &&= goesLeft
    whole = goesLeft ? left : right
  }
  return isOldTree ? path : [whole, ...path]
}

/** The tiles needed to compute the roots of these ranges. */
export function tilesOf(ranges: readonly Range[]): Omit<Tile, 'hashes'>[] {
  const found = new Map<string, Omit<Tile, 'hashes'>>()
  for (const { level, index } of ranges.flatMap(rows)) found.set(`${level}/${index}`, { level, index })
  return [...found.values()]
}

/** The root of a range, computed from the tiles that `tilesOf` names. */
export function rootOfRange(range: Range, tiles: ReadonlyMap<string, Tile>): Buffer {
  const subtrees = rows(range).flatMap(({ level, index, start, end }) => {
    const hashes = tiles.get(`${level}/${index}`)?.hashes.slice(start, end)
    if (hashes?.length !== end - start) throw new Error(`tile ${level}/${index} of the log is missing or short`)
    return perfectSubtrees(hashes)
  })
  return joinSubtrees(subtrees)
}

/** Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2). */
export function isIncluded(
  leaf: Buffer,
  { index, size }: { index: number; size: number },
  proof: readonly Buffer[],
  root: Buffer,
): boolean {
  if (!(index >= 0 && index < size)) return false
  const up = inclusionPath(index, size)
  if (proof.length !== up.length) return false
  return up.reduce((at, { start }, step) => join(at, proof[step] as Buffer, start > index), leaf).equals(root)
}

/** Whether the tree of the second root begins with that of the first (RFC 9162 section 2.1.4.2). */
export function isConsistent(
  from: { size: number; root: Buffer },
  to: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (from.size > to.size || from.size < 1) return false
  const path = consistencyPath(from.size, to.size)
  if (proof.length !== path.length) return false
  const startsWithSubtree = path.length > 0 && (path[0] as Range).end === from.size
  const seed = startsWithSubtree ? (proof[0] as Buffer) : from.root
  let [old, grown] = [seed, seed]
  for (const [step, { start, end }] of path.entries()) {
    if (step === 0 && startsWithSubtree) continue
    const sibling = proof[step] as Buffer
    if (end <= from.size) old = nodeHash(sibling, old)
    grown = join(grown, sibling, start >= from.size)
  }
  return old.equals(from.root) && grown.equals(to.root)
}

function join(at: Buffer, sibling: Buffer, isRight: boolean): Buffer {
  return isRight ? nodeHash(at, sibling) : nodeHash(sibling, at)
}

// RFC 6962 splits n leaves at the largest power of two smaller than n.
function halves({ start, end }: Range): [Range, Range] {
  let left = 1
  while (left * 2 < end - start) left *= 2
  return [
    { start, end: start + left },
    { start: start + left, end },
  ]
}

// The rows of hashes, each within one tile and the highest level first, whose roots make up a range. The range begins
// at a multiple of each row's width.
function rows({ start, end }: Range): { level: number; index: number; start: number; end: number }[] {
  const found: { level: number; index: number; start: number; end: number }[] = []
  let at = start
  while (at < end) {
    let level = 0
    while (at % TILE_HASHES ** (level + 1) === 0 && at + TILE_HASHES ** (level + 1) <= end) level++
    const width = TILE_HASHES ** level
    const first = at / width
    const tileEnd = (Math.floor(first / TILE_HASHES) + 1) * TILE_HASHES
    const last = Math.min(Math.floor(end / width), tileEnd)
    const index = Math.floor(first / TILE_HASHES)
    found.push({ level, index, start: first - index * TILE_HASHES, end: last - index * TILE_HASHES })
    at = last * width
  }
  return found
}
