import type { FastifyRequest } from 'fastify'
import type { Transaction } from '../../db/database.ts'
import { receiptOf, signatureOf, signReceipt } from '../../domain/checkpoint.ts'
import type { EntryEffects } from '../../domain/entry-effects.ts'
import type { Signer } from '../../domain/signed-note.ts'
import type { Kept } from '../../http/once.ts'
import { readingOf } from '../../http/readings.ts'
import { sendReading } from '../../store/accesses.ts'
import { type EntryRow, entryView } from '../../store/entries.ts'
import { readEntry } from './queries.ts'
import type { Dispensation } from './schema.ts'

/** Who records an entry, and the key that signs its receipt. */
export interface Writing {
  operator: string | undefined
  signer: Signer
}

/** The answer to a hand-over or a reversal: the entry as written, what may still be received, and the receipt. */
export function recorded(
  { entries: [{ entry, professional }] }: EntryEffects,
  shown: Pick<EntryRow, 'lines' | 'reverses' | 'reservations' | 'override' | 'bestBefore'>,
  remaining: Dispensation['remaining'],
  { operator, signer }: Writing,
): Dispensation {
  const hashes = {
    entryHash: entry.entryHash.toString('base64'),
    previousHash: entry.previousHash?.toString('base64') ?? null,
  }
  const view = entryView({ ...entry, ...hashes, professional, ...shown, operator })
  return { ...view, remaining, receipt: signReceipt(entry, signer) }
}

/**
 * How the answer is kept for a retry: what may still be received, the receipt's signature, the operator and warnings.
 * The entry tells the rest, and never changes, except that an erasure takes whom it is about. `professional` is whom
 * the request is about, if it says.
 */
export function keptWithEntry(professional?: string): Kept<Dispensation> {
  return {
    rest: ({ remaining, receipt, operator, warnings }) => ({
      remaining,
      receipt: signatureOf(receipt),
      operator,
      ...(warnings && { warnings }),
    }),
    remake: async (tx, id, rest) => {
      const entry = await readEntry(tx, id)
      const isAboutAnother =
        professional !== undefined && entry.professional !== null && entry.professional !== professional
      if (isAboutAnother) return undefined
      // Earlier releases neither showed the operator nor kept it here.
      const { receipt, operator, ...others } = rest as Pick<
        Dispensation,
        'remaining' | 'receipt' | 'operator' | 'warnings'
      >
      return { ...entryView({ ...entry, operator }), ...others, receipt: receiptOf(entry, receipt) }
    },
  }
}

/**
 * How a hand-over or a reversal is recorded and answered. The entry itself records the first answer; sending it again,
 * perhaps years later, is a reading.
 */
export function recording(request: FastifyRequest) {
  const reading = readingOf(request, 'dispensation')
  const onReplay = (tx: Transaction, { id }: { id: string }) =>
    void (reading && sendReading(tx, reading, { entry: id }))
  return { keyRequired: true, keyLife: 'entry' as const, status: 201, onReplay }
}
