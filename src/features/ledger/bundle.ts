import { readClock } from '../../db/clock.ts'
import type { Queryable } from '../../db/database.ts'
import { type BundleHeader, FORMAT } from '../../domain/bundle/format.ts'
import { iso } from '../../domain/instant.ts'
import type { Caller } from '../../http/caller.ts'
import { knownKeys, newestCheckpoint } from '../../store/checkpoints.ts'
import { countRecords, type PlacedRecord, readRecords } from '../../store/log-records.ts'
import { proveConsistency } from '../../store/merkle-log-proofs.ts'
import {
  countEntries,
  dailyCheckpoints,
  readEntries,
  type Selection,
  type StoredEntry,
  type Wanted,
} from './bundle-queries.ts'
import { inclusionProver, readLeafHashes } from './proving.ts'

const PAGE = 500
// A selection that matches little walks far, so each statement, which has a time limit, walks at most this far.
// Counting is faster.
const WALK = 20_000
const COUNTING_WALK = 200_000

/** A bundle that is about to be written. */
export interface Bundle {
  /** How many entries it will contain. */
  entries: number
  /** Its text in pieces of whole lines; memory stays flat as long as the reader waits for each. */
  pieces(onProgress?: (entries: number) => void): AsyncGenerator<string>
}

/**
 * Prepares a bundle of the log up to its newest checkpoint, of all of it (selection null) or of a selection; for a
 * regulator, within its remit. Undefined while there is no checkpoint.
 */
export async function prepareBundle(
  db: Queryable,
  selection: Selection | null,
  regulator: Caller | null,
): Promise<Bundle | undefined> {
  const newest = await newestCheckpoint(db)
  if (!newest) return undefined
  const wanted = { size: newest.size, selection, regulator }
  const entries = selection === null ? newest.size : await count(db, wanted)
  const header: BundleHeader = {
    format: FORMAT,
    origin: newest.note.slice(0, newest.note.indexOf('\n')),
    exportedAt: iso(await readClock(db)),
    keys: (await knownKeys(db)).reverse(),
    selection: selection && {
      from: selection.from === null ? null : iso(selection.from),
      to: selection.to === null ? null : iso(selection.to),
      pharmacy: selection.pharmacy,
      professional: selection.professional,
      remit: regulator && { territories: regulator.territories, professions: regulator.professions },
    },
    entries,
  }
  return {
    entries,
    async *pieces(onProgress) {
      yield line(header) + line({ checkpoint: newest.note })
      yield* earlierCheckpoints(db, newest.size)
      yield* entryLines(db, wanted, onProgress)
    },
  }
}

async function count(db: Queryable, wanted: Wanted): Promise<number> {
  let entries = await countRecords(db, { end: wanted.size, withDays: hasDays(wanted) })
  for (const range of walk(wanted, COUNTING_WALK)) entries += await countEntries(db, wanted, range)
  return entries
}

/** Whether records of days belong to it: whoever asks for one person or pharmacy need not carry those of ten years. */
function hasDays({ selection }: Wanted): boolean {
  return selection === null || (selection.professional === null && selection.pharmacy === null)
}

/** The log in stretches of at most so many entries; a person's few are found in one. */
function* walk({ size, selection }: Wanted, most: number): Generator<{ start: number; end: number }> {
  const step = selection?.professional == null ? most : size
  for (let start = 0; start < size; start += step) yield { start, end: Math.min(start + step, size) }
}

async function* earlierCheckpoints(db: Queryable, newest: number): AsyncGenerator<string> {
  for (const { size, note } of await dailyCheckpoints(db, newest)) {
    const consistency = (await proveConsistency(db, size, newest)).map(base64)
    yield line({ checkpoint: note, consistency })
  }
}

async function* entryLines(
  db: Queryable,
  wanted: Wanted,
  onProgress: (entries: number) => void = () => {},
): AsyncGenerator<string> {
  const placesOf = prover(db, wanted)
  let written = 0
  for (const { start, end } of walk(wanted, WALK)) {
    for (let next = start; next < end; ) {
      const found = await readEntries(db, wanted, { start: next, end, limit: PAGE })
      const last = found.length === PAGE ? (found.at(-1) as StoredEntry).index + 1 : end
      const records = await readRecords(db, { start: next, end: last, withDays: hasDays(wanted) })
      const page = [...found, ...records].sort((one, other) => one.index - other.index)
      const places = await placesOf(page.map(({ index }) => index))
      written += page.length
      onProgress(written)
      // Also where there is nothing: at each piece whoever has gone is noticed.
      yield page.map((each, nth) => lineOf(each, places[nth] as object)).join('')
      next = last
    }
  }
}

/** What proves each entry: in a bundle of the whole log its hash, otherwise the path to the root. */
function prover(db: Queryable, { size, selection }: Wanted): (indexes: number[]) => Promise<object[]> {
  if (selection === null) {
    return async (indexes) =>
      (await readLeafHashes(db, indexes)).map((hash) => ({ leafHash: hash?.toString('base64') ?? '' }))
  }
  const prove = inclusionProver(db, size)
  return async (indexes) => (await prove(indexes)).map((proof) => ({ proof: proof.map(base64) }))
}

function lineOf(each: StoredEntry | PlacedRecord, place: object): string {
  if ('columns' in each) return entryLine(each, place)
  return line({ index: each.index, canonical: textOf(each.canonical), ...place })
}

function entryLine(entry: StoredEntry, place: object): string {
  const { index, entryHash, columns, payload, salt, professional, erasedBy } = entry
  if (!entry.inRemit) return line({ index, leafHash: entryHash, ...place })
  const sealed =
    payload === null || salt === null ? { erasedBy } : { payload: textOf(payload), salt: oneLine(salt), professional }
  // What PostgreSQL has already written as JSON goes in unchanged.
  const canonical = `{"index":${index},"canonical":${JSON.stringify(textOf(entry.canonical))}`
  return `${canonical},"columns":${columns},${line({ ...sealed, ...place }).slice(1)}`
}

function line(object: object): string {
  return `${JSON.stringify(object)}\n`
}

function base64(hash: Buffer): string {
  return hash.toString('base64')
}

// Bytes that are not UTF-8 turn into another text, and the verifier will report the entry.
function textOf(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString()
}

function oneLine(encoded: string): string {
  return encoded.replaceAll('\n', '')
}
