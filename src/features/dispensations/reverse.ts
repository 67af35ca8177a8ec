import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { allowanceFor, type EntitlementFacts } from '../../domain/beneficiary.ts'
import { signReceipt } from '../../domain/checkpoint.ts'
import type { SealedEntry } from '../../domain/ledger-entry.ts'
import { isRefusal, type Refusal, refused } from '../../domain/refusals.ts'
import { decideReversal, type ReversibleLine } from '../../domain/reversal.ts'
import { type Moved, move } from '../../domain/shelf.ts'
import { type EntryRow, entryView } from '../../store/entries.ts'
import { turningPoints } from '../../store/events.ts'
import { append, type LineWeight, type NewEntry, seal } from '../../store/ledger.ts'
import { type RefusedRequest, recordRefusal } from '../../store/refusals.ts'
import { applyStockEffects } from '../../store/shelves.ts'
import type { Writing } from './dispense.ts'
import { lockReversible, type Named, type Original, type OriginalLine, type Reversible } from './original.ts'
import type { Dispensation, ReversalRequest } from './schema.ts'

/**
 * Takes a dispensation back, or part of it: a new entry that gives stock and, in the original's window, entitlement back.
 * The first entry stays, and no reservation revives.
 */
export async function reverse(
  tx: Transaction,
  dispensation: Named,
  request: ReversalRequest,
  { operator, signer }: Writing,
): Promise<Dispensation | Refusal> {
  const { head, original, entitlement, shelves } = await lockReversible(tx, dispensation)
  const { professional } = original
  const refuse = (refusal: Refusal) => recordRefusal(tx, refusedReversal(original, operator), refusal)
  if (professional === null) return refuse(professionalErased())
  const lines = decideReversal(original.lines, request.lines)
  if (isRefusal(lines)) return refuse(lines)

  const weights = lines.map(weightOf(original))
  const judged = weights.map((weight) => weight.judged) // Sealed, so that nobody can write other figures into the columns.
  const payload = { professional, kind: request.kind, note: request.note, operator, judged }
  const sealed = seal(head, entryOf(original, lines), payload)
  append(tx, sealed, weights, professional)
  giveStockBack(tx, { ...original, shelves }, lines, { id: sealed.id, operator })
  const remaining = entitlement ? remainingAfter(entitlement, original, lines) : []
  return { ...entryView(rowOf(original, sealed, lines)), remaining, receipt: signReceipt(sealed, signer) }
}

/** The refusal of an entry more about somebody of whom the payload is gone: nobody could say any more whom it is about. */
function professionalErased(): Refusal {
  return refused(
    'professional_unknown',
    'Nobody can say any more whom this dispensation was for: the professional was erased, or its retention is over. If the masks are back on the shelf, count the stock.',
  )
}

function refusedReversal({ personId, id, ...original }: Original, operator: string | undefined): RefusedRequest {
  return { ...original, verb: 'reversal', person: { ...original, id: personId }, dispensation: id, operator }
}

function entryOf(original: Original, lines: ReversibleLine[]): NewEntry {
  const { id, at, occurredAt, pharmacy, profession, practiceTerritory, pharmacyTerritory } = original
  return {
    id: uuidv7(),
    kind: 'reversal',
    recordedAt: at,
    occurredAt,
    pharmacy,
    profession,
    territories: { practice: practiceTerritory, pharmacy: pharmacyTerritory },
    lines,
    flags: [],
    refersTo: id,
  }
}

function weightOf({ occurredAt }: Original): (line: ReversibleLine) => LineWeight {
  return ({ quantity, cap }) => ({
    effect: -quantity,
    countedAt: occurredAt,
    judged: { cap, received: 0, held: 0 },
    beyondCap: false,
  })
}

function rowOf({ id, professional }: Original, sealed: SealedEntry, lines: OriginalLine[]): EntryRow {
  return {
    ...sealed,
    entryHash: sealed.entryHash.toString('base64'),
    previousHash: sealed.previousHash?.toString('base64') ?? null,
    professional,
    reverses: id,
    lines: lines.map(({ product, quantity, lot, rule, window }) => ({
      product,
      quantity,
      lot,
      rule,
      window,
      judged: null,
    })),
    reservations: [],
    override: null,
  }
}

function giveStockBack(
  tx: Transaction,
  { pharmacy, at, shelves }: Original & Pick<Reversible, 'shelves'>,
  lines: readonly { product: string; quantity: number }[],
  { id, operator }: { id: string; operator: string | undefined },
): void {
  const movements: Moved['movements'] = []
  const given = shelves.map((shelf) =>
    lines
      .filter(({ product }) => product === shelf.product)
      .reduce((current, { quantity }) => {
        const moved = move(current, 'reversal', quantity, quantity, at)
        movements.push(...moved.movements)
        return moved.shelf
      }, shelf),
  )
  // Of a part, some shelves are as they were.
  const after = given.filter((shelf, index) => shelf.version !== shelves[index]?.version)
  applyStockEffects(tx, {
    at,
    before: shelves,
    after,
    movements: movements.map((movement) => ({ ...movement, id: uuidv7(), entryId: id })),
    ended: [],
    events: [
      { type: 'dispensation.reversed', subject: id, ids: { reversal: id, pharmacy } },
      ...turningPoints(shelves, after),
    ],
    operator,
  })
}

// What was read under the lock and what is given back are all there is: nobody else adds to this history meanwhile.
function remainingAfter(
  entitlement: EntitlementFacts,
  { occurredAt }: Original,
  lines: readonly { product: string; quantity: number }[],
): Dispensation['remaining'] {
  const receipts = lines.map(({ product, quantity }) => ({ product, quantity: -quantity, at: occurredAt }))
  return [...new Set(lines.map(({ product }) => product))].flatMap((product) => {
    const left = allowanceFor(entitlement, product, { receipts })
    return isRefusal(left) ? [] : [{ product, quantity: left.remaining }]
  })
}
