import { type EntitlementFacts, remainingAfter } from './beneficiary.ts'
import type { Head, LineWeight, NewEntry } from './chain.ts'
import { type Draw, stockEffects } from './effects.ts'
import { chained, type EntryEffects, entryEvent, moveLines } from './entry-effects.ts'
import { latenessOf } from './flags.ts'
import { type Instant, iso } from './instant.ts'
import type { Original, OriginalLine } from './reversal.ts'
import type { Shelf } from './shelf.ts'

/** Everything needed to decide a reversal and to write it. */
export interface Reversible {
  head: Head
  original: Original
  /** Undefined once the professional is erased. */
  entitlement: EntitlementFacts | undefined
  /** Those of the original's products, locked. */
  shelves: Shelf[]
}

/** What is recorded of a reversal besides its lines. */
interface Recorded {
  professional: string
  kind: 'entry_error' | 'returned'
  note?: string | undefined
  operator: string | undefined
  /** When it happened, if it is told of afterwards. */
  takenBackAt?: Instant | undefined
}

/**
 * The effects of a reversal: its entry, and the masks that return to the shelves. Those of a slip do so when they are
 * said to have left, so that a count since then has them already. No reservation is revived.
 */
export function reversalEffects(
  { head, original, shelves, entitlement }: Reversible,
  lines: OriginalLine[],
  { professional, kind, note, operator, takenBackAt }: Recorded,
  draw: Draw,
): EntryEffects {
  const { at, pharmacy } = original
  const back = Math.min(takenBackAt ?? at, at)
  const entry = { ...entryOf(original, lines, draw.id()), flags: latenessOf(back, at) }
  const { after, movements } = moveLines(
    shelves,
    { pharmacy, kind: 'reversal', lines, occurredAt: kind === 'returned' ? back : takenAt(original), at },
    { entryId: entry.id, draw },
  )
  const numbers = entitlement?.person.numbers ?? [professional]
  const payload = {
    ...{ professional, numbers, kind, note, operator },
    ...(takenBackAt !== undefined && { takenBackAt: iso(takenBackAt) }),
  }
  const events = [entryEvent(entry, head.personId)]
  return {
    ...stockEffects(at, { before: shelves, after, movements, events }, operator),
    entries: [chained(head, entry, lines.map(weightOf(original)), payload, draw)],
  }
}

/**
 * How much of each of its products the professional may receive after a reversal. The history is locked, so nobody adds
 * to it meanwhile.
 */
export function remainingAfterReversal(
  { entitlement, original }: Pick<Reversible, 'entitlement' | 'original'>,
  lines: readonly { product: string; quantity: number }[],
): { product: string; quantity: number }[] {
  if (!entitlement) return []
  const given = lines.map(({ product, quantity }) => ({ product, quantity: -quantity, at: original.occurredAt }))
  return remainingAfter(entitlement, given, entitlement.holds)
}

// The masks of a slip never left, as every count since has seen. Nothing was taken after it was recorded.
function takenAt({ occurredAt, recordedAt }: Original): Instant {
  return Math.min(occurredAt, recordedAt)
}

function entryOf(original: Original, lines: OriginalLine[], id: string): NewEntry {
  const { at, occurredAt, pharmacy, profession, practiceTerritory, pharmacyTerritory } = original
  return {
    id,
    kind: 'reversal',
    recordedAt: at,
    occurredAt,
    pharmacy,
    profession,
    territories: { practice: practiceTerritory, pharmacy: pharmacyTerritory },
    lines: lines.map((line) => ({ ...line, ruleHash: null })),
    flags: [],
    refersTo: original.id,
  }
}

function weightOf({ occurredAt }: Original): (line: OriginalLine) => LineWeight {
  return ({ quantity, cap }) => ({
    effect: -quantity,
    countedAt: occurredAt,
    judged: { cap, received: 0, held: 0 },
    beyondCap: false,
  })
}
