import type { Allowance } from './entitlement.ts'
import type { Instant } from './instant.ts'
import { type LedgerEntry, type SealedEntry, sealEntry } from './ledger-entry.ts'

/** The end of a person's chain, locked. */
export interface Head {
  personId: string
  seq: number
  entryHash: Buffer | null
}

/** An entry that does not have its place in the chain yet. */
export type NewEntry = Omit<LedgerEntry, 'personId' | 'seq' | 'previousHash'>

/**
 * Who the entry is about, by the number that was named and all by which the person is known at that moment, and
 * whatever else an erasure must be able to remove.
 */
export interface PersonalPayload {
  professional: string
  /** Sealed with what was handed over, so that a number that leads to somebody else afterwards is found. */
  numbers: readonly string[]
  [detail: string]: unknown
}

/** What an entry commits to; for an erasure, on what grounds. */
export type EntryPayload = PersonalPayload | { authority: string; reason: string }

/** How a line counts: a signed quantity, the instant at which it counts, and the facts by which it was judged. */
export interface LineWeight {
  effect: number
  countedAt: Instant
  judged: Pick<Allowance, 'cap' | 'received' | 'held'>
  beyondCap: boolean
}

/**
 * A sealed entry with what is stored beside it: how each line counts, and whom it is about (unless it is an erasure).
 */
export interface ChainedEntry {
  entry: SealedEntry
  weights: LineWeight[]
  professional: string | null
}

/** Seals an entry as the next in the chain of a locked head. `salt` is 32 random bytes. */
export function sealNext(head: Head, entry: NewEntry, payload: EntryPayload, salt: Buffer): SealedEntry {
  const next = { ...entry, personId: head.personId, seq: head.seq + 1, previousHash: head.entryHash }
  return sealEntry(next, Buffer.from(JSON.stringify(payload)), salt)
}
