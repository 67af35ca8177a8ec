import { type Checkpoint, type Receipt, readCheckpoint, readReceipt } from '../checkpoint.ts'
import { instantOf, iso } from '../instant.ts'
import { asSigned, NoteFault, type Verifier } from '../signed-note.ts'
import { Unanswerable } from './fault.ts'
import type { BundleHeader } from './format.ts'

/** A signed note that the reader kept, by the name of its file. */
export interface KeptNote {
  name: string
  note: string
}

/** A checkpoint that the reader kept. */
export type KeptCheckpoint = Checkpoint & { by: string; isKept: true }

/** What became of a receipt. */
export interface Promised {
  name: string
  outcome: 'kept' | 'broken' | 'undecided'
  finding: string
}

/** Opens the checkpoints that the reader kept; throws Unanswerable if one says nothing about this log. */
export function openKept(kept: readonly KeptNote[], keys: readonly Verifier[], origin: string): KeptCheckpoint[] {
  return kept.map((each) => {
    const checkpoint = opened(each, origin, (note) => readCheckpoint(note, keys))
    return { ...checkpoint, by: `your checkpoint ${each.name}`, isKept: true }
  })
}

/** The receipts that the reader holds, looked for while the entries pass. */
export function receiptsIn(notes: readonly KeptNote[], keys: readonly Verifier[], { origin, ...header }: BundleHeader) {
  const receipts = notes.map((each) => {
    const receipt: Receipt = opened(each, origin, (note) => readReceipt(note, keys))
    return { name: each.name, ...receipt }
  })
  const wanted = new Set(receipts.map(({ leafHash }) => leafHash.toString('base64')))
  const found = new Map<string, number>()
  return {
    /** Notes that a leaf is in the log. */
    see(leafHash: string, index: number): void {
      if (wanted.has(leafHash)) found.set(leafHash, index)
    },
    /** What became of each, once all entries have passed. */
    outcomes(): Promised[] {
      return receipts.map(({ name, leafHash, promisedBy }) => {
        const index = found.get(leafHash.toString('base64'))
        if (index !== undefined) return { name, outcome: 'kept', finding: `its entry is in the log, entry ${index}` }
        if (header.selection !== null) {
          return { name, outcome: 'undecided', finding: 'its entry is not in this selection; ask for the whole log' }
        }
        if (instantOf(header.exportedAt) > promisedBy) {
          return {
            name,
            outcome: 'broken',
            finding: `acknowledged, but not in the log by ${iso(promisedBy)} as promised`,
          }
        }
        return {
          name,
          outcome: 'undecided',
          finding: `its entry is not in the log yet; promised by ${iso(promisedBy)}`,
        }
      })
    },
  }
}

// A file that was kept badly is no fault of the ledger.
function opened<T extends { origin: string }>({ name, note }: KeptNote, origin: string, read: (note: string) => T): T {
  try {
    const found = read(asSigned(note))
    if (found.origin !== origin) throw new NoteFault(`is of the log ${found.origin}, and the bundle of ${origin}`)
    return found
  } catch (error) {
    if (error instanceof NoteFault) throw new Unanswerable(`${name} ${error.message}`)
    throw error
  }
}
