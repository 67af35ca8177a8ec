import { type Instant, instantOf, iso } from './instant.ts'
import { leafHash } from './merkle.ts'

/** What the log keeps about nobody, such as the publication of a rule; nothing in it may ever have to be erased. */
export interface LogRecord {
  id: string
  /** What happened; the fields of each kind are told by the file that makes it. */
  kind: string
  /** What it happened to. There is one record of a kind about it. */
  subject: string
  recordedAt: Instant
  /** JSON values in an order that never changes for this kind; a later release may add some at the end. */
  fields: readonly unknown[]
}

/** A record with the bytes that were hashed, which never change. */
export interface SealedRecord extends LogRecord {
  canonical: Buffer
  entryHash: Buffer
}

/** The version tag of the canonical bytes. */
const RECORD_VERSION = 'gomask-record-v1'

/**
 * Seals a record as a JSON array in UTF-8: the version tag, id, kind, time in UTC with milliseconds, subject, and the
 * array of the kind's own fields. Its hash is the RFC 6962 leaf hash, as an entry's is.
 */
export function sealRecord(record: LogRecord): SealedRecord {
  const { id, kind, recordedAt, subject, fields } = record
  const canonical = Buffer.from(JSON.stringify([RECORD_VERSION, id, kind, iso(recordedAt), subject, fields]))
  return { ...record, canonical, entryHash: leafHash(canonical) }
}

/** Reads a sealed record back from its bytes; undefined if sealing could not have made them. */
export function unsealRecord(canonical: string): LogRecord | undefined {
  const parts = parsed(canonical)
  if (!Array.isArray(parts) || parts.length !== 6 || JSON.stringify(parts) !== canonical) return undefined
  const [version, id, kind, recordedAt, subject, fields] = parts
  const areTexts = [id, kind, recordedAt, subject].every((part) => typeof part === 'string')
  if (version !== RECORD_VERSION || !areTexts || !Array.isArray(fields)) return undefined
  const at = timeOf(recordedAt)
  return at === undefined ? undefined : { id, kind, subject, recordedAt: at, fields }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function timeOf(text: string): Instant | undefined {
  try {
    const at = instantOf(text)
    return iso(at) === text ? at : undefined
  } catch {
    return undefined
  }
}
