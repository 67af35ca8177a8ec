import type { Queryable } from '../../db/database.ts'
import { TILE_HASHES } from '../../domain/merkle.ts'
import { inclusionPath, rootOfRange, tilesOf } from '../../domain/merkle-proofs.ts'
import { readTiles } from '../../store/merkle-log-proofs.ts'

/**
 * Proves many entries of one tree, a batch at a time and in order. One read of tiles serves a whole batch, and its
 * roots are kept for the next one only, since neighbours share most of their path.
 */
export function inclusionProver(db: Queryable, size: number): (indexes: readonly number[]) => Promise<Buffer[][]> {
  let kept = new Map<string, Buffer>()
  return async (indexes) => {
    const paths = indexes.map((index) => inclusionPath(index, size).map((range) => ({ ...range, key: keyOf(range) })))
    const missing = new Map(paths.flat().flatMap((range) => (kept.has(range.key) ? [] : [[range.key, range] as const])))
    const tiles = await readTiles(db, tilesOf([...missing.values()]))
    const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile]))
    const used = new Map<string, Buffer>()
    const proofs = paths.map((path) =>
      path.map((range) => {
        const root = used.get(range.key) ?? kept.get(range.key) ?? rootOfRange(range, byPlace)
        used.set(range.key, root)
        return root
      }),
    )
    kept = used
    return proofs
  }
}

/** The log's own record of the leaf hashes at these indexes; undefined for one that is lost. */
export async function readLeafHashes(db: Queryable, indexes: readonly number[]): Promise<(Buffer | undefined)[]> {
  const places = [...new Set(indexes.map(tileOf))].map((index) => ({ level: 0, index }))
  const tiles = new Map((await readTiles(db, places)).map((tile) => [tile.index, tile.hashes]))
  return indexes.map((index) => tiles.get(tileOf(index))?.[index % TILE_HASHES])
}

function tileOf(index: number): number {
  return Math.floor(index / TILE_HASHES)
}

function keyOf({ start, end }: { start: number; end: number }): string {
  return `${start}-${end}`
}
