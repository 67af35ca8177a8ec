import { signReceipt } from '../../domain/checkpoint.ts'
import type { EntryEffects } from '../../domain/entry-effects.ts'
import type { Signer } from '../../domain/signed-note.ts'
import { type EntryRow, entryView } from '../../store/entries.ts'
import type { Dispensation } from './schema.ts'

/** Who records an entry, and the key that signs its receipt. */
export interface Writing {
  operator: string | undefined
  signer: Signer
}

/** The answer to a hand-over or a reversal: the entry as written, what may still be received, and the receipt. */
export function recorded(
  { entries: [{ entry, professional }] }: EntryEffects,
  shown: Pick<EntryRow, 'lines' | 'reverses' | 'reservations' | 'override'>,
  remaining: Dispensation['remaining'],
  signer: Signer,
): Dispensation {
  const hashes = {
    entryHash: entry.entryHash.toString('base64'),
    previousHash: entry.previousHash?.toString('base64') ?? null,
  }
  const view = entryView({ ...entry, ...hashes, professional, ...shown })
  return { ...view, remaining, receipt: signReceipt(entry, signer) }
}
