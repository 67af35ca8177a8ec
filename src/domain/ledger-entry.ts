import { commitmentTo } from './commitment.ts'
import { type Instant, iso } from './instant.ts'
import { leafHash } from './merkle.ts'

/**
 * One line of an entry: masks of one product, and the rule and window that they count under. Off line somebody may have
 * been served whom no rule names; then there is none.
 */
export interface LedgerLine {
  product: string
  quantity: number
  lot: string | null
  ruleId: string | null
  /** Of all that the rule says (`ruleHash`); null on a reversal, which none judged, and where there is no rule. */
  ruleHash: string | null
  window: { start: Instant; end: Instant | null } | null
  timeZone: string
}

/** The open part of an entry: it names the person by surrogate only, so that it still verifies without its payload. */
export interface LedgerEntry {
  id: string
  personId: string
  seq: number
  previousHash: Buffer | null
  kind: 'dispensation' | 'reversal' | 'link' | 'erasure'
  recordedAt: Instant
  /** When the masks changed hands; a reversal carries its original's. */
  occurredAt: Instant
  pharmacy: string | null
  profession: string | null
  territories: { practice: string | null; pharmacy: string | null }
  lines: LedgerLine[]
  flags: string[]
  /** The entry that a reversal takes back, or the person that a link joins. */
  refersTo: string | null
}

/** An entry with the bytes that were hashed, which never change. */
export interface SealedEntry extends LedgerEntry {
  canonical: Buffer
  entryHash: Buffer
  payload: Buffer
  salt: Buffer
}

/**
 * The version tags of canonical bytes. Lines of the first version have no `ruleHash`, and its payloads name one number
 * instead of all that the person was known by.
 */
export const FIRST_VERSION = 'gomask-entry-v1'
export const VERSION = 'gomask-entry-v2'

/**
 * Seals an entry as a JSON array in UTF-8: the version tag, then fields in a fixed order, with integers, times in UTC
 * with milliseconds, and the previous hash in base64. The last is HMAC-SHA-256(salt, payload), a keyed commitment,
 * since a bare hash of a national number can be guessed. The entry's hash is the RFC 6962 leaf hash, sha256(0x00 ‖
 * canonical). `salt` is 32 random bytes.
 */
export function sealEntry(entry: LedgerEntry, payload: Buffer, salt: Buffer): SealedEntry {
  const canonical = canonicalBytes(entry, commitmentTo(payload, salt))
  return { ...entry, canonical, entryHash: leafHash(canonical), payload, salt }
}

function canonicalBytes(entry: LedgerEntry, commitment: Buffer): Buffer {
  return Buffer.from(
    JSON.stringify([
      VERSION,
      entry.id,
      entry.personId,
      entry.seq,
      entry.previousHash?.toString('base64') ?? null,
      entry.kind,
      iso(entry.recordedAt),
      iso(entry.occurredAt),
      entry.pharmacy,
      entry.profession,
      [entry.territories.practice, entry.territories.pharmacy],
      entry.lines.map((line) => [
        line.product,
        line.quantity,
        line.lot,
        line.ruleId,
        [...endsOf(line.window), line.timeZone],
        line.ruleHash,
      ]),
      entry.flags,
      entry.refersTo,
      commitment.toString('base64'),
    ]),
  )
}

function endsOf(window: LedgerLine['window']): [string | null, string | null] {
  if (window === null) return [null, null]
  return [iso(window.start), window.end === null ? null : iso(window.end)]
}
