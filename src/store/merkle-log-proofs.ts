import type { Queryable } from '../db/database.ts'
import { rows } from '../db/query.ts'
import { json, limitTo, sql } from '../db/sql.ts'
import type { Range, Tile } from '../domain/merkle.ts'
import { consistencyPath, inclusionPath, rootOfRange, tilesOf } from '../domain/merkle-proofs.ts'

const HASH_BYTES = 32

/** The hashes that prove that leaf `index` is in the tree of `size` leaves. */
export function proveInclusion(db: Queryable, index: number, size: number): Promise<Buffer[]> {
  return rootsOfRanges(db, inclusionPath(index, size))
}

/** The hashes that prove that the tree of `to` leaves begins with that of `from`. */
export function proveConsistency(db: Queryable, from: number, to: number): Promise<Buffer[]> {
  return rootsOfRanges(db, consistencyPath(from, to))
}

/** The root of the tree of the first `size` leaves. */
export async function rootAt(db: Queryable, size: number): Promise<Buffer> {
  return (await rootsOfRanges(db, [{ start: 0, end: size }]))[0] as Buffer
}

async function rootsOfRanges(db: Queryable, ranges: Range[]): Promise<Buffer[]> {
  const tiles = await readTiles(db, tilesOf(ranges))
  const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile]))
  return ranges.map((range) => rootOfRange(range, byPlace))
}

/** The named tiles as they are now. Missing ones are left out, and those at the edge may still grow. */
export async function readTiles(db: Queryable, wanted: readonly Omit<Tile, 'hashes'>[]): Promise<Tile[]> {
  const found = await rows<{ level: number; index: number; hashes: string }>(
    db,
    'read_tiles',
    sql`select t.level::int, t.index::float8, translate(encode(t.hashes, 'base64'), E'\n', '') as hashes
        from (select * from jsonb_to_recordset(${json(wanted)}) as w(level smallint, index bigint) ${limitTo(wanted)}) as w
        join log_tiles t using (level, index)`,
  )
  return found.map(({ hashes, ...place }) => ({ ...place, hashes: split(Buffer.from(hashes, 'base64')) }))
}

function split(hashes: Buffer): Buffer[] {
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, i) =>
    hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  )
}
