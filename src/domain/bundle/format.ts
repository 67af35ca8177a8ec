/** The version tag of a bundle. */
export const FORMAT = 'gomask-bundle-v2'

/** The version tags of bundles that can be read: those of the first version hold no records. */
export const FORMATS = ['gomask-bundle-v1', FORMAT] as const

/**
 * A bundle holds entries of the log with their proofs, for anyone to check offline. It is NDJSON in UTF-8: one compact
 * object per line, members in the order given here, a newline after the last line too. Hashes and salts are padded
 * base64, times RFC 3339 in UTC with milliseconds. A log entry is known by its index, counted from 0.
 *
 * 1. The header, `BundleHeader`.
 * 2. `{"checkpoint": note}`, the newest checkpoint (C2SP tlog-checkpoint), to which everything below is proved.
 * 3. `{"checkpoint": note, "consistency": [hash, …]}`: the last checkpoint of each earlier UTC day, newest first, with
 *    the proof (RFC 6962 section 2.1.2) that the newest checkpoint's log begins with it.
 * 4. The entries by index. Each is one of
 *    - `{"index", "canonical", "columns", "payload", "salt", "professional", …}`: the very text that was hashed; what
 *      the database's typed columns say of it, `Columns`; the payload that the entry commits to, its salt, and the
 *      number in it (null for an erasure)
 *    - `{"index", "canonical", "columns", "erasedBy", …}`: the payload is gone; `erasedBy` is the index of the erasure
 *      entry that says why, null if there is none
 *    - `{"index", "canonical", …}`: a record, an entry about nobody, such as the publication of a rule; every bundle
 *      holds all that the log holds, of one person or pharmacy those of days excepted
 *    - `{"index", "leafHash", "proof"}`: an entry of the same history outside the remit of whoever asked
 *
 *    All but the last end in `"leafHash"`, the log's own record of the hash, when the bundle is the whole log, because
 *    all leaves together give the root. Otherwise they end in `"proof"`, [hash, …] from the leaf to the root (RFC 6962
 *    section 2.1.1).
 *
 * Nothing in the header is signed except what the checkpoints repeat; the rest is the exporter's word.
 */
export interface BundleHeader {
  format: (typeof FORMATS)[number]
  origin: string
  /** By the database's clock. */
  exportedAt: string
  /** Verifier key lines (C2SP signed-note), the present one first. */
  keys: string[]
  /** Null means the whole log, up to the newest checkpoint. */
  selection: BundleSelection | null
  /** How many lines of entries follow, records among them. */
  entries: number
}

/** Which entries a bundle holds; null means no limit. `from` (inclusive) and `to` (exclusive) limit `occurredAt`. */
export interface BundleSelection {
  from: string | null
  to: string | null
  pharmacy: string | null
  /** One person's history, in clear or by hashes alone. */
  professional: string | null
  /** The remit of the regulator that asked; null if the operator did. */
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
  /** Null, as is the window, where no rule judged the line. */
  ruleId: string | null
  windowStart: string | null
  windowEnd: string | null
  timeZone: string
  /** What the line was judged by, sealed in the payload; a reversal has none of its own. */
  cap: number
  received: number
  held: number
}

/** An entry in clear. */
export interface BundleEntry {
  index: number
  canonical: string
  columns: Columns
  /** What the commitment seals, or by which entry that was erased. */
  sealed: { payload: string; salt: string; professional: string | null } | { erasedBy: number | null }
  /** How it is proved. */
  place: { leafHash: string } | { proof: Buffer[] }
}

/** An entry about nobody. */
export interface BundleRecord {
  index: number
  record: string
  place: BundleEntry['place']
}

/** An entry of which only the hash is shown. */
export interface HiddenEntry {
  index: number
  leafHash: string
  proof: Buffer[]
}
