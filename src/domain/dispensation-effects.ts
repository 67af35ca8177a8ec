import { remainingAfter } from './beneficiary.ts'
import type { Head, LineWeight, NewEntry } from './chain.ts'
import type { DispensationFacts, Grant } from './dispensation.ts'
import { type Draw, endedAs, freed, stockEffects } from './effects.ts'
import { chained, type EntryEffects, entryEvent, moveLines } from './entry-effects.ts'
import { endedEvent } from './event-records.ts'
import { notFitting } from './fit.ts'
import type { EndedHold, LockedHold } from './holds.ts'
import { ruleHash } from './rule-record.ts'
import type { Shelf } from './shelf.ts'

/** Everything that decides a hand-over, locked, and what is needed to write it. */
export interface Counter {
  facts: DispensationFacts
  head: Head
  shelves: Shelf[]
  /** Held reservations on these shelves that have expired. */
  expired: LockedHold[]
  /** The live ones on these shelves that may have to give way, as they must for what has been handed over already. */
  yielding?: LockedHold[]
  pharmacyTerritory: string
}

/** What is recorded of a hand-over besides what was granted. */
interface Recorded {
  professional: string
  identityCheck: { method: string }
  override?: { reasonCode: string; note?: string | undefined } | undefined
  operator: string | undefined
}

/** The effects of a hand-over: its entry, the masks that leave the shelves, and the reservations that end. */
export function dispensationEffects(
  counter: Counter,
  grant: Grant,
  { professional, identityCheck, override, operator }: Recorded,
  draw: Draw,
): EntryEffects {
  const { head, shelves, facts } = counter
  const { pharmacy } = facts
  const entry = entryOf(counter, grant, draw.id())
  const taken = endedBy(counter, grant, entry.id)
  // What has ended before is set aside no more.
  const before = new Set(facts.reservations.filter(({ status }) => status !== 'held').map(({ id }) => id))
  const setAside = taken.filter(({ id }) => !before.has(id))
  const { after: moved, movements } = moveLines(
    shelves.map((shelf) => freed(shelf, setAside)),
    { pharmacy, kind: 'dispensation', lines: grant.lines, occurredAt: entry.occurredAt, at: entry.recordedAt },
    { entryId: entry.id, draw },
  )
  const displaced = displacedFrom(moved, counter, taken)
  const after = moved.map((shelf) => freed(shelf, displaced))
  const ended = [...taken, ...displaced]
  const events = [...ended.map(endedEvent), entryEvent(entry, head.personId)]
  const { numbers } = facts.entitlement.person
  const payload = {
    ...{ professional, numbers, identityCheck, override, operator, reservations: outcomesOf(grant) },
    bestBefore: bestBeforeOf(grant),
  }
  return {
    ...stockEffects(entry.recordedAt, { before: shelves, after, movements, ended, events }, operator),
    entries: [chained(head, entry, weightsOf(grant, entry), payload, draw)],
  }
}

/** The reservations that a hand-over names, with what became of each. */
export function outcomesOf({ outcomes }: Grant): Omit<Grant['outcomes'][number], 'quantity'>[] {
  return outcomes.map(({ id, outcome }) => ({ id, outcome }))
}

/** Until when the masks of each line are good; undefined where none says it, as the form of older payloads has it. */
export function bestBeforeOf({ lines }: Grant): (string | null)[] | undefined {
  return lines.some(({ bestBefore }) => bestBefore !== null) ? lines.map(({ bestBefore }) => bestBefore) : undefined
}

/** How much of each of its products the professional may still receive after a hand-over. */
export function remainingAfterDispensation(
  { facts }: Counter,
  { lines, released }: Grant,
): { product: string; quantity: number }[] {
  const { entitlement, reservations } = facts
  const gone = new Set([...released, ...reservations].map(({ id }) => id))
  const receipts = lines.map(({ product, quantity }) => ({ product, quantity, at: entitlement.occurredAt }))
  return remainingAfter(
    entitlement,
    receipts,
    entitlement.holds.filter(({ id }) => !gone.has(id)),
  )
}

function entryOf({ facts, pharmacyTerritory }: Counter, { lines, flags }: Grant, id: string): NewEntry {
  const { at, occurredAt, person, timeZone } = facts.entitlement
  return {
    id,
    kind: 'dispensation',
    recordedAt: at,
    occurredAt,
    pharmacy: facts.pharmacy,
    profession: person.profession,
    territories: { practice: person.practiceTerritory, pharmacy: pharmacyTerritory },
    lines: lines.map(({ product, quantity, lot, allowance }) => ({
      product,
      quantity,
      lot,
      ruleId: allowance?.rule.id ?? null,
      ruleHash: allowance && ruleHash(allowance.rule),
      window: allowance?.period ?? null,
      timeZone,
    })),
    flags,
    refersTo: null,
  }
}

function weightsOf({ lines }: Grant, { occurredAt }: NewEntry): LineWeight[] {
  return lines.map(({ quantity, allowance, beyondCap }) => {
    const { cap, received, held } = allowance ?? { cap: 0, received: 0, held: 0 }
    return { effect: quantity, countedAt: occurredAt, judged: { cap, received, held }, beyondCap }
  })
}

// Expired holds give way, named live ones are collected, and those in the way of the entitlement are released.
function endedBy({ facts, head, expired }: Counter, { outcomes, released }: Grant, entryId: string): EndedHold[] {
  const collected = facts.reservations.flatMap((reservation, nth): EndedHold[] => {
    const outcome = outcomes[nth]
    if (outcome?.outcome !== 'collected') return []
    const ending = { status: 'collected', collectedQuantity: outcome.quantity, collectedBy: entryId } as const
    return endedAs([reservation], ending)
  })
  const cancelled = released.map((hold) => ({ ...hold, personId: head.personId }))
  const isCollected = new Set(collected.map(({ id }) => id))
  return [
    ...endedAs(
      expired.filter(({ id }) => !isCollected.has(id)),
      { status: 'expired' },
    ),
    ...collected,
    ...endedAs(cancelled, { status: 'cancelled', cancellationReason: 'released' }),
  ]
}

// What was promised cannot be kept where the masks are gone: the newest promises go first, as in a count.
function displacedFrom(shelves: Shelf[], { yielding = [] }: Counter, taken: EndedHold[]): EndedHold[] {
  const gone = new Set(taken.map(({ id }) => id))
  const displaced = shelves.flatMap((shelf) =>
    notFitting(
      shelf,
      yielding.filter(
        ({ id, pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product && !gone.has(id),
      ),
    ),
  )
  return endedAs(displaced, { status: 'cancelled', cancellationReason: 'stock_shortfall' })
}
