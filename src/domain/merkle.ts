import { hash } from 'node:crypto'

/** Hashes in a full tile (C2SP tlog-tiles: height 8). */
export const TILE_HASHES = 256

/** A tile. At level 0 its `hashes` are leaf hashes, at level l + 1 the roots of full tiles of level l. */
export interface Tile {
  level: number
  index: number
  hashes: Buffer[]
}

/** The leaves from `start` (inclusive) to `end` (exclusive). */
export interface Range {
  start: number
  end: number
}

/**
 * The right edge of a tree: on each level, the hashes after the last full tile. That is enough to add leaves and to
 * compute the root, whatever the size.
 */
export interface Edge {
  size: number
  levels: Buffer[][]
}

/** The root of a tree without leaves. */
const EMPTY_ROOT = hash('sha256', '', 'buffer')

/** The hash of a leaf: sha256(0x00 ‖ data), RFC 6962 section 2.1. */
export function leafHash(data: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.of(0), data]), 'buffer')
}

/** The hash of a node: sha256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer')
}

/** Adds leaf hashes to an edge; returns it with the tiles that are new or have grown. */
export function grow({ size, levels }: Edge, leaves: readonly Buffer[]): { edge: Edge; tiles: Tile[] } {
  const tiles: Tile[] = []
  const grown: Buffer[][] = []
  let added = leaves
  for (let level = 0; added.length > 0 || level < levels.length; level++) {
    const hashes = [...(levels[level] ?? []), ...added]
    const first = tileOf(level, size)
    const full = Math.floor(hashes.length / TILE_HASHES)
    const made = Array.from({ length: full + 1 }, (_, nth) => ({
      level,
      index: first + nth,
      hashes: hashes.slice(nth * TILE_HASHES, (nth + 1) * TILE_HASHES),
    }))
    if (added.length > 0) tiles.push(...made.filter((tile) => tile.hashes.length > 0))
    grown.push(made[full]?.hashes ?? [])
    added = made.slice(0, full).map((tile) => perfectRoot(tile.hashes))
  }
  return { edge: { size: size + leaves.length, levels: grown }, tiles }
}

/** The tiles that hold the right edge of a tree, except full ones, to which nothing is added. */
export function edgeTiles(size: number): Omit<Tile, 'hashes'>[] {
  const found: Omit<Tile, 'hashes'>[] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_HASHES)) {
    if (count % TILE_HASHES > 0) found.push({ level, index: tileOf(level, size) })
  }
  return found
}

/** The edge of a tree of `size` leaves, from the tiles that `edgeTiles` names, even if they have grown since. */
export function edgeOf(size: number, tiles: readonly Tile[]): Edge {
  const levels: Buffer[][] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_HASHES)) {
    const wanted = count % TILE_HASHES
    const tile = tiles.find((each) => each.level === level && each.index === tileOf(level, size))
    const hashes = tile?.hashes.slice(0, wanted) ?? []
    if (hashes.length < wanted) throw new Error(`tile ${level}/${tileOf(level, size)} of the log is missing or short`)
    levels.push(hashes)
  }
  return { size, levels }
}

/** The root of the tree that ends in this edge. */
export function rootOfEdge({ levels }: Edge): Buffer {
  return joinSubtrees(levels.toReversed().flatMap(perfectSubtrees))
}

/** The root over perfect subtrees side by side, the largest first, as RFC 6962 splits a tree. */
export function joinSubtrees(roots: readonly Buffer[]): Buffer {
  return roots.length === 0 ? EMPTY_ROOT : roots.reduceRight((right, left) => nodeHash(left, right))
}

/** The roots of the perfect subtrees that a row of hashes splits into, the largest first. */
export function perfectSubtrees(hashes: readonly Buffer[]): Buffer[] {
  const roots: Buffer[] = []
  let start = 0
  while (start < hashes.length) {
    let width = 1
    while (start + width * 2 <= hashes.length) width *= 2
    roots.push(perfectRoot(hashes.slice(start, start + width)))
    start += width
  }
  return roots
}

function perfectRoot(hashes: Buffer[]): Buffer {
  let row = hashes
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i] as Buffer, row[2 * i + 1] as Buffer))
  }
  return row[0] as Buffer
}

function tileOf(level: number, size: number): number {
  return Math.floor(size / TILE_HASHES ** (level + 1))
}
