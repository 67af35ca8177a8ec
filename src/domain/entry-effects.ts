import {
  type ChainedEntry,
  type Head,
  type LineWeight,
  type NewEntry,
  type PersonalPayload,
  sealNext,
} from './chain.ts'
import type { Draw, Effects, RecordedMovement } from './effects.ts'
import { quantityOf } from './entitlement.ts'
import type { EventRecord } from './event-records.ts'
import { madeUp } from './fit.ts'
import { type Instant, iso } from './instant.ts'
import { type Movement, move, type Shelf } from './shelf.ts'

/** Effects that include the one entry that a hand-over or its reversal adds to the professional's chain. */
export interface EntryEffects extends Effects {
  entries: [ChainedEntry]
}

interface Lines {
  pharmacy: string
  kind: 'dispensation' | 'reversal'
  lines: readonly { product: string; quantity: number }[]
  /** When the masks left the shelf or came back. */
  occurredAt: Instant
  /** The database's clock. */
  at: Instant
}

/**
 * Takes the masks of these lines off a pharmacy's shelves or puts them back, with the movements that record it. Where
 * more leave than are known to be there, a movement before makes up for it.
 */
export function moveLines(
  shelves: Shelf[],
  { pharmacy, kind, lines, occurredAt, at }: Lines,
  { entryId, draw }: { entryId: string; draw: Draw },
): { after: Shelf[]; movements: RecordedMovement[] } {
  const leaving = kind === 'dispensation' ? lines : []
  let { after, movements } = allMadeUp(shelves, { pharmacy, lines: leaving, occurredAt, at })
  for (const { product, quantity } of lines) {
    const index = after.findIndex((shelf) => shelf.pharmacy === pharmacy && shelf.product === product)
    const shelf = after[index]
    if (!shelf) throw new Error('a line is of a shelf that is not there')
    const change = kind === 'dispensation' ? -quantity : quantity
    const moved = move(shelf, { kind, quantity, change, occurredAt }, at)
    after = after.with(index, moved.shelf)
    movements = [...movements, ...moved.movements]
  }
  return { after, movements: movements.map((movement) => ({ ...movement, id: draw.id(), entryId })) }
}

// The lines of a product together, before any of them leaves.
function allMadeUp(
  shelves: Shelf[],
  { pharmacy, lines, ...times }: Omit<Lines, 'kind'>,
): { after: Shelf[]; movements: Movement[] } {
  const made = shelves.map((shelf) =>
    madeUp(shelf, { ...times, quantity: shelf.pharmacy === pharmacy ? quantityOf([shelf.product], lines) : 0 }),
  )
  return { after: made.map(({ shelf }) => shelf), movements: made.flatMap(({ movements }) => movements) }
}

/**
 * Seals an entry into a chain together with how each line was judged, so that no other figures can be stored with it.
 */
export function chained(
  head: Head,
  entry: NewEntry,
  weights: LineWeight[],
  payload: PersonalPayload,
  draw: Draw,
): ChainedEntry {
  const judged = weights.map((weight) => weight.judged)
  const sealed = sealNext(head, entry, { ...payload, judged }, draw.salt())
  return { entry: sealed, weights, professional: payload.professional }
}

/** The event of an entry: what was handed over or taken back, and where, but not to whom. */
export function entryEvent(entry: NewEntry, person: string): EventRecord {
  const { id, kind, pharmacy, occurredAt, flags, refersTo } = entry
  const isReversal = kind === 'reversal'
  return {
    type: isReversal ? 'dispensation.reversed' : 'dispensation.recorded',
    subject: id,
    ids: {
      ...(pharmacy !== null && { pharmacy }),
      person,
      lines: entry.lines.map(({ product, quantity }) => ({ product, quantity })),
      dispensedAt: iso(occurredAt),
      ...(isReversal ? { reverses: refersTo } : { flags }),
    },
  }
}
