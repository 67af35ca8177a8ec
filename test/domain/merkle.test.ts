import { createHash } from 'node:crypto'
import t from 'tap'
import { type Edge, edgeOf, edgeTiles, grow, leafHash, rootOfEdge, type Tile } from '../../src/domain/merkle.ts'
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  isIncluded,
  rootOfRange,
  tilesOf,
} from '../../src/domain/merkle-proofs.ts'
import { fc } from '../support/seed.ts'

const EMPTY: Edge = { size: 0, levels: [] }
const MOST = 70_000 // Beyond 256 × 256, where the third level of tiles begins.

/** The leaves and roots that implementations of RFC 6962 test themselves with. */
const KNOWN_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const KNOWN_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const leaves = Array.from({ length: MOST }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))
const { tiles, edge: wholeEdge } = grow(EMPTY, leaves)
const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile]))

/** RFC 6962 section 2.1, word for word. */
function naiveRoot(hashes: Buffer[]): Buffer {
  const [only, ...others] = hashes
  if (only === undefined) return createHash('sha256').digest()
  if (others.length === 0) return only
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  const children = [Buffer.of(1), naiveRoot(hashes.slice(0, k)), naiveRoot(hashes.slice(k))]
  return createHash('sha256').update(Buffer.concat(children)).digest()
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.constantFrom(255, 256, 257, 511, 512, 65_535, 65_536, 65_537, MOST),
)
const rootAt = (size: number) => rootOfRange({ start: 0, end: size }, byPlace)
const proofOf = (path: { start: number; end: number }[]) => path.map((range) => rootOfRange(range, byPlace))

t.test('the roots are those of RFC 6962', async (t) => {
  for (const [size, root] of KNOWN_ROOTS.entries()) {
    const known = KNOWN_LEAVES.slice(0, size).map((leaf) => leafHash(Buffer.from(leaf, 'hex')))
    t.equal(rootOfEdge(grow(EMPTY, known).edge).toString('hex'), root, `${size} leaves`)
  }
})

t.test('a tree has one root and one set of tiles, however it grew', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 }), (batches) => {
      const stored = new Map<string, Tile>()
      let edge = EMPTY
      for (const count of batches) {
        const grown = grow(edge, leaves.slice(edge.size, edge.size + count))
        for (const tile of grown.tiles) stored.set(`${tile.level}/${tile.index}`, tile)
        // What the next sequencer reads back is what this one left.
        edge = edgeOf(
          grown.edge.size,
          edgeTiles(grown.edge.size).map(({ level, index }) => stored.get(`${level}/${index}`) as Tile),
        )
      }
      t.ok(rootOfEdge(edge).equals(naiveRoot(leaves.slice(0, edge.size))))
      const atOnce = grow(EMPTY, leaves.slice(0, edge.size)).tiles
      t.equal(stored.size, atOnce.length)
    }),
    { numRuns: 40 },
  )
  t.ok(rootOfEdge(wholeEdge).equals(naiveRoot(leaves)), 'three levels of tiles')
})

t.test('every leaf has a proof that it is in every larger tree, and no other leaf or place has', async () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (size, n, m) => {
      const [index, other] = [n % size, m % size]
      const place = { index, size }
      const proof = proofOf(inclusionPath(index, size))
      const root = rootAt(size)
      const leaf = leaves[index] as Buffer
      if (!isIncluded(leaf, place, proof, root)) return false
      const wrong = [
        isIncluded(leafHash(Buffer.from('another')), place, proof, root),
        index !== other && isIncluded(leaf, { index: other, size }, proof, root),
        isIncluded(leaf, place, proof, leaf) && size > 1,
        isIncluded(leaf, place, [...proof, leaf], root),
        proof.length > 0 && isIncluded(leaf, place, proof.slice(1), root),
        isIncluded(leaf, { index: size, size }, proof, root),
      ]
      return !wrong.includes(true)
    }),
    { numRuns: 300 },
  )
})

t.test('every tree has a proof that each larger one begins with it, and no other tree has', async () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (size, n) => {
      const from = { size: 1 + (n % size), root: rootAt(1 + (n % size)) }
      const to = { size, root: rootAt(size) }
      const proof = proofOf(consistencyPath(from.size, to.size))
      if (!isConsistent(from, to, proof)) return false
      const forged = leafHash(Buffer.from('forged'))
      const wrong = [
        isConsistent({ ...from, root: forged }, to, proof),
        isConsistent(from, { ...to, root: forged }, proof),
        isConsistent(from, to, [...proof, forged]),
        proof.length > 0 && isConsistent(from, to, proof.with(-1, forged)),
        from.size < to.size && isConsistent({ ...from, size: from.size + 1 }, to, proof) && from.size + 1 < to.size,
        from.size < to.size && isConsistent(to, from, proof),
      ]
      return !wrong.includes(true)
    }),
    { numRuns: 300 },
  )
})

t.test('a proof needs few tiles, whatever the size', async (t) => {
  for (const index of [0, 255, 256, 12_345, 65_536, MOST - 1]) {
    const needed = tilesOf(inclusionPath(index, MOST))
    t.ok(needed.length <= 5, `${needed.length} tiles for entry ${index} of ${MOST}`)
  }
})
