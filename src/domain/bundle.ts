import { hashOf } from './base64.ts'

/** The version tag of a bundle. */
export const FORMAT = 'gomask-bundle-v1'

/**
 * A bundle: what the log holds and proves, for whoever wants to check it offline. NDJSON in UTF-8, an object a line,
 * compact, its members in the order given here, the last line ended too. Hashes and salts are base64 with padding,
 * times RFC 3339 in UTC with milliseconds. A log entry is known by its index, from 0.
 *
 * 1. The header, `BundleHeader`.
 * 2. `{"checkpoint": note}`, the newest checkpoint (C2SP tlog-checkpoint), to which everything below is proved.
 * 3. `{"checkpoint": note, "consistency": [hash, …]}`, the last checkpoint of each earlier UTC day, newest first, with its
 *    proof (RFC 6962 section 2.1.2) that the newest one's log begins with it.
 * 4. The entries by index, each one of
 *    - `{"index", "canonical", "columns", "payload", "salt", "professional", …}`: the very text that was hashed; what the
 *      typed columns of the database say of it, `Columns`; what the entry's commitment seals, and its salt
 *    - `{"index", "canonical", "columns", "erasedBy", …}`: the payload is gone; `erasedBy` is the index of the erasure
 *      entry that says why, null where there is none
 *    - `{"index", "leafHash", "proof"}`: an entry of the same history, outside the remit of who asked
 *
 *    The first two end in `"leafHash"`, the log's own record of the hash, where the whole log is there, as all of them
 *    together give the root; else in `"proof"`, [hash, …] from the leaf to the root (RFC 6962 section 2.1.1).
 *
 * Nothing in the header is signed but what the checkpoints repeat: it is what the exporter says.
 */
export interface BundleHeader {
  format: typeof FORMAT
  origin: string
  /** By the database's clock. */
  exportedAt: string
  /** Verifier key lines (C2SP signed-note), the present one first. */
  keys: string[]
  /** Null: the whole log, up to the newest checkpoint. */
  selection: BundleSelection | null
  /** How many lines of entries follow. */
  entries: number
}

/** Which entries a bundle holds; null: no limit. `from` (inclusive) and `to` (exclusive) are of `occurredAt`. */
export interface BundleSelection {
  from: string | null
  to: string | null
  pharmacy: string | null
  /** One person's history, in clear or by hashes alone. */
  professional: string | null
  /** The remit of the regulator that asked; null: the operator. */
  remit: { territories: string[]; professions: string[] } | null
}

/** What the database's typed columns say of an entry and its lines. */
export interface Columns {
  id: string
  personId: string
  seq: number
  previousHash: string | null
  kind: string
  recordedAt: string
  occurredAt: string
  pharmacy: string | null
  profession: string | null
  practiceTerritory: string | null
  pharmacyTerritory: string | null
  lines: ColumnsOfLine[]
  flags: string[]
  reverses: string | null
  entryHash: string
}

export interface ColumnsOfLine {
  position: number
  personId: string
  product: string
  quantity: number
  effect: number
  countedAt: string
  lot: string | null
  ruleId: string
  windowStart: string
  windowEnd: string | null
  timeZone: string
}

/** An entry in clear. */
export interface BundleEntry {
  index: number
  canonical: string
  columns: Columns
  /** What the commitment seals, or by which entry that was erased. */
  sealed: { payload: string; salt: string; professional: string } | { erasedBy: number | null }
  /** How it is proved. */
  place: { leafHash: string } | { proof: Buffer[] }
}

/** An entry by its hash alone. */
export interface HiddenEntry {
  index: number
  leafHash: string
  proof: Buffer[]
}

/** A line that is none of a bundle; the message says why. */
export class Malformed extends Error {}

const HEADER = 'format origin exportedAt keys selection entries'
const SELECTION = 'from to pharmacy professional remit'
const PAYLOAD = 'index canonical columns payload salt professional'
const ERASED = 'index canonical columns erasedBy'

/** Reads the first line. */
export function readHeader(line: unknown): BundleHeader {
  if (membersOf(line) !== HEADER) throw new Malformed('the first line is not the header of a bundle')
  const header = line as BundleHeader
  const { format, origin, exportedAt, keys, selection, entries } = header
  if (format !== FORMAT) throw new Malformed(`the header says another format than ${FORMAT}`)
  if (typeof origin !== 'string' || typeof exportedAt !== 'string' || !isTime(exportedAt) || !isCount(entries)) {
    throw new Malformed('the header’s origin, exportedAt or entries is wrong')
  }
  if (!isTexts(keys)) throw new Malformed('the header’s keys are wrong')
  if (selection !== null && !isSelection(selection)) throw new Malformed('the header’s selection is wrong')
  return header
}

/** Reads a checkpoint's line; undefined when the line is an entry's. */
export function readCheckpointLine(line: unknown): { note: string; consistency: Buffer[] | undefined } | undefined {
  const members = membersOf(line)
  if (members !== 'checkpoint' && members !== 'checkpoint consistency') return undefined
  const { checkpoint, consistency } = line as Record<string, unknown>
  if (typeof checkpoint !== 'string') throw new Malformed('a checkpoint is no text')
  return { note: checkpoint, consistency: consistency === undefined ? undefined : hashes(consistency) }
}

/** Reads an entry's line. */
export function readEntryLine(line: unknown): BundleEntry | HiddenEntry {
  const members = membersOf(line)
  const { index, canonical, columns, leafHash, proof, ...rest } = (line ?? {}) as Record<string, unknown>
  if (!isCount(index)) throw new Malformed('it has no index')
  if (members === 'index leafHash proof') return { index, leafHash: textHash(leafHash), proof: hashes(proof) }
  const named = members.replace(/ (leafHash|proof)$/, '')
  if (named === members || (named !== PAYLOAD && named !== ERASED))
    throw new Malformed('its members are not an entry’s')
  if (typeof canonical !== 'string' || typeof columns !== 'object' || columns === null) {
    throw new Malformed('its canonical or columns are wrong')
  }
  const place = proof === undefined ? { leafHash: textHash(leafHash) } : { proof: hashes(proof) }
  return { index, canonical, columns: columns as Columns, sealed: sealedOf(rest), place }
}

function sealedOf({ payload, salt, professional, erasedBy }: Record<string, unknown>): BundleEntry['sealed'] {
  if (erasedBy === null || isCount(erasedBy)) return { erasedBy }
  if (typeof payload !== 'string' || typeof professional !== 'string') throw new Malformed('its payload is wrong')
  return { payload, salt: textHash(salt), professional }
}

function membersOf(line: unknown): string {
  return typeof line === 'object' && line !== null ? Object.keys(line).join(' ') : ''
}

function isSelection(selection: BundleSelection): boolean {
  const { from, to, pharmacy, professional, remit } = selection
  return (
    membersOf(selection) === SELECTION &&
    [from, to].every((time) => time === null || isTime(time)) &&
    [pharmacy, professional].every((text) => text === null || typeof text === 'string') &&
    (remit === null ||
      (membersOf(remit) === 'territories professions' && isTexts(remit.territories) && isTexts(remit.professions)))
  )
}

function hashes(list: unknown): Buffer[] {
  if (!Array.isArray(list)) throw new Malformed('a proof is no list')
  return list.map((text) => hashOf(text) ?? wrongHash())
}

function textHash(text: unknown): string {
  return hashOf(text) ? (text as string) : wrongHash()
}

function wrongHash(): never {
  throw new Malformed('a hash or salt is not 32 bytes in base64')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isTime(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  )
}
