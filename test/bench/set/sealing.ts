/**
 * Seals the ledger of a set and its log in a thread of its own, a batch for each message, beside PostgreSQL taking the
 * one before.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { iso } from '../../../src/domain/instant.ts'
import type { SealedEntry } from '../../../src/domain/ledger-entry.ts'
import { type Edge, grow, rootOfEdge, TILE_HASHES, type Tile } from '../../../src/domain/merkle.ts'
import { rpps } from '../../support/numbers.ts'
import { range } from '../../support/tally.ts'
import { textOf } from './copy-rows.ts'
import { entrySealer, type Heads, type LedgerPlan } from './entries.ts'
import { CAP, personId } from './fill-places.ts'
import { placesOf } from './places.ts'

/** Rows as COPY reads them, by table; of the last batch, in which no entry is left, also the log's root in hex. */
export interface SealedBatch {
  rows: Record<string, Uint8Array>
  /** Entries so far. */
  done: number
  root?: string
}

const BATCH = 32 * TILE_HASHES

const plan: LedgerPlan = workerData
const { seal, heads } = entrySealer(plan, placesOf(plan))
let edge: Edge = { size: 0, levels: [] }
// By the person's number: what each has received in the window of their last entry, and when that began.
const received = new Int32Array(plan.persons)
const windows = new Float64Array(plan.persons)

parentPort?.on('message', () => {
  const batch = edge.size < plan.entries ? nextBatch() : lastBatch()
  parentPort?.postMessage(
    batch,
    Object.values(batch.rows).map((bytes) => bytes.buffer as ArrayBuffer),
  )
})

function nextBatch(): SealedBatch {
  const from = edge.size
  const sealed = range(Math.min(BATCH, plan.entries - from)).map((n) => seal(from + n))
  const grown = grow(
    edge,
    sealed.map(({ entryHash }) => entryHash),
  )
  edge = grown.edge
  return {
    done: edge.size,
    rows: {
      ledger_entries: bytesOf(sealed.map(entryRow)),
      ledger_lines: bytesOf(sealed.map((each, nth) => lineRow(each, (from + nth) % plan.persons))),
      ledger_payloads: bytesOf(sealed.map((each, nth) => payloadRow(each, (from + nth) % plan.persons))),
      'log_leaves (index, entry_id)': bytesOf(sealed.map(({ id }, nth) => [from + nth, id])),
      // A tile that is not full yet comes again.
      log_tiles: bytesOf(grown.tiles.filter(({ hashes }) => hashes.length === TILE_HASHES).map(tileRow)),
    },
  }
}

function lastBatch(): SealedBatch {
  const ends = edge.levels.map((hashes, level) => ({
    level,
    index: Math.floor(edge.size / TILE_HASHES ** (level + 1)),
    hashes,
  }))
  return {
    done: edge.size,
    root: rootOfEdge(edge).toString('hex'),
    rows: {
      log_tiles: bytesOf(ends.filter(({ hashes }) => hashes.length > 0).map(tileRow)),
      'ledger_heads (person_id, seq, entry_hash)': bytesOf(range(plan.persons).map((nth) => headRow(nth, heads))),
    },
  }
}

function bytesOf(rows: unknown[][]): Uint8Array {
  return new TextEncoder().encode(textOf(rows))
}

function entryRow(e: SealedEntry): unknown[] {
  const { territories } = e
  const at = iso(e.recordedAt) // And handed over at that moment.
  const who = [e.pharmacy, e.profession, territories.practice, territories.pharmacy]
  return [e.id, e.personId, e.seq, e.kind, e.previousHash, e.entryHash, e.canonical, at, at, ...who, '{}', null]
}

function lineRow({ id, personId, lines: [line], occurredAt }: SealedEntry, person: number): unknown[] {
  if (!line?.window) throw new Error('every entry here has a line, which a rule judged')
  const { product, quantity, lot, ruleId, window, timeZone } = line
  const before = windows[person] === window.start ? (received[person] ?? 0) : 0
  windows[person] = window.start
  received[person] = before + quantity
  const period = [iso(window.start), window.end === null ? null : iso(window.end), timeZone]
  return [id, 0, personId, product, quantity, quantity, iso(occurredAt), lot, ruleId, ...period, CAP, before, 0, false]
}

function payloadRow({ id, salt, payload }: SealedEntry, person: number): unknown[] {
  return [id, salt, payload, rpps(person)]
}

function tileRow({ level, index, hashes }: Tile): unknown[] {
  return [level, index, Buffer.concat(hashes)]
}

function headRow(nth: number, heads: Heads): unknown[] {
  const { seq, entryHash } = heads.at(nth)
  return [personId(nth), seq, entryHash]
}
