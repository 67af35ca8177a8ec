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
 *      typed columns of the database say of it, `Columns`; what the entry’s commitment seals, its salt, and the number that
 *      stands in it (null of an erasure)
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
  /** What the line was judged by, sealed in the payload; of a reversal not a fact of its own. */
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

/** An entry by its hash alone. */
export interface HiddenEntry {
  index: number
  leafHash: string
  proof: Buffer[]
}
