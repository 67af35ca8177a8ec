import { type Checkpoint, openCheckpoint, openReceipt, type Receipt } from '../checkpoint.ts'
import { instantOf, iso } from '../instant.ts'
import type { Verifier } from '../signed-note.ts'
import { BundleFault } from './fault.ts'
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

/** Opens the checkpoints that the reader kept; throws if these keys did not sign one of them for this log. */
export function openKept(kept: readonly KeptNote[], keys: readonly Verifier[], origin: string): KeptCheckpoint[] {
  return kept.map(({ name, note }) => {
    const checkpoint = openCheckpoint(note, keys)
    if (checkpoint?.origin === origin) return { ...checkpoint, by: `your checkpoint ${name}`, isKept: true }
    throw new BundleFault(`${name} is not a checkpoint of ${origin} signed by a key that is known here`)
  })
}

/** The receipts that the reader holds, looked for while the entries pass. */
export function receiptsIn(notes: readonly KeptNote[], keys: readonly Verifier[], { origin, ...header }: BundleHeader) {
  const receipts = notes.map(({ name, note }) => {
    const receipt = opened(note, keys)
    if (receipt?.origin === origin) return { name, ...receipt }
    throw new BundleFault(`${name} is not a receipt of ${origin} signed by a key that is known here`)
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

function opened(note: string, keys: readonly Verifier[]): Receipt | undefined {
  try {
    return openReceipt(note, keys)
  } catch {
    return undefined // One of its times is not a time.
  }
}
