import { type Instant, instantOf, iso } from './instant.ts'
import { NoteFault, openNote, type Signer, signNote, type Verifier } from './signed-note.ts'

/** What a checkpoint commits the log to: its first `size` entries have this root. */
export interface Checkpoint {
  origin: string
  size: number
  root: Buffer
}

/** What a receipt promises: the leaf will be in a checkpoint before `promisedBy`. */
export interface Receipt {
  origin: string
  leafHash: Buffer
  /** The place in the professional's chain. */
  seq: number
  recordedAt: Instant
  promisedBy: Instant
}

const RECEIPT = 'gomask-receipt-v1'
const PROMISE_MS = 24 * 3_600_000

/** A checkpoint as a signed note (C2SP tlog-checkpoint). */
export function signCheckpoint({ origin, size, root }: Checkpoint, signers: readonly Signer[]): string {
  return signNote(`${origin}\n${size}\n${root.toString('base64')}\n`, signers)
}

/**
 * Reads a checkpoint signed by one of these keys; undefined if it is not a checkpoint, or not signed by any of them.
 */
export function openCheckpoint(note: string, verifiers: readonly Verifier[]): Checkpoint | undefined {
  return orUndefined(() => readCheckpoint(note, verifiers))
}

/** Reads a checkpoint signed by one of these keys; throws a NoteFault that says why it can't. */
export function readCheckpoint(note: string, verifiers: readonly Verifier[]): Checkpoint {
  const text = openNote(note, verifiers)
  const [, origin, size, root] = /^(\S+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/.exec(text) ?? []
  if (origin === undefined || !verifiers.some(({ name }) => name === origin)) throw new NoteFault('is not a checkpoint')
  return { origin, size: Number(size), root: Buffer.from(root ?? '', 'base64') }
}

/** The size and the root (base64) that a checkpoint names, whoever signed it: one that this service keeps itself. */
export function committedTo(checkpoint: string): { size: number; root: string } {
  const [, size, root = ''] = checkpoint.split('\n')
  return { size: Number(size), root }
}

/**
 * A receipt as a signed note, one line each: version tag, origin, leaf hash (base64), the entry's sequence, when it was
 * recorded, and by when it is promised to be in a checkpoint (24 hours later). It proves that an entry which never
 * appears had been acknowledged.
 */
export function signReceipt(
  { entryHash, seq, recordedAt }: { entryHash: Buffer; seq: number; recordedAt: Instant },
  signer: Signer,
): string {
  return signNote(receiptText({ entryHash: entryHash.toString('base64'), seq, recordedAt }, signer.name), [signer])
}

/** The line of a receipt that the entry does not tell: by whom, and how, it is signed. */
export function signatureOf(receipt: string): string {
  return receipt.slice(receipt.lastIndexOf('\n\n') + 2)
}

/** The receipt of an entry, its hash in base64, from its signature. */
export function receiptOf(entry: { entryHash: string; seq: number; recordedAt: Instant }, signature: string): string {
  const [, origin = ''] = signature.split(' ')
  return `${receiptText(entry, origin)}\n${signature}`
}

function receiptText(
  { entryHash, seq, recordedAt }: { entryHash: string; seq: number; recordedAt: Instant },
  origin: string,
): string {
  return `${[RECEIPT, origin, entryHash, seq, iso(recordedAt), iso(recordedAt + PROMISE_MS)].join('\n')}\n`
}

/** Reads a receipt signed by one of these keys; undefined if it is not a receipt, or not signed by any of them. */
export function openReceipt(note: string, verifiers: readonly Verifier[]): Receipt | undefined {
  return orUndefined(() => readReceipt(note, verifiers))
}

/** Reads a receipt signed by one of these keys; throws a NoteFault that says why it can't. */
export function readReceipt(note: string, verifiers: readonly Verifier[]): Receipt {
  const text = openNote(note, verifiers)
  const [tag, origin = '', leaf = '', seq, recordedAt = '', promisedBy = ''] = text.split('\n')
  if (tag !== RECEIPT) throw new NoteFault('is not a receipt')
  return {
    origin,
    leafHash: Buffer.from(leaf, 'base64'),
    seq: Number(seq),
    recordedAt: timeOf(recordedAt),
    promisedBy: timeOf(promisedBy),
  }
}

function timeOf(text: string): Instant {
  try {
    return instantOf(text)
  } catch {
    throw new NoteFault('has a time that is none')
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof NoteFault) return undefined
    throw error
  }
}
