import { allowanceFor, type EntitlementFacts } from './beneficiary.ts'
import { type Head, type NewEntry, sealNext } from './chain.ts'
import { type Draw, type Effects, endedAs, endingEffects } from './effects.ts'
import type { LockedHold } from './holds.ts'
import { type Instant, iso } from './instant.ts'
import { moment, phrase, type Text } from './language.ts'
import { countsIn, DAY_MS, lastLeavesAt } from './periods.ts'
import { isRefusal, type Refusal, refused } from './refusals.ts'
import type { Shelf } from './shelf.ts'

/** What decides whether a professional can be erased, as read at one instant, after the locks. */
export interface RetentionFacts {
  /** The database's clock. */
  at: Instant
  /** When the newest entry was recorded; null where there is none. */
  newestEntryAt: Instant | null
  retentionDays: number
  /**
   * What judges hand-overs now: one set of facts, or for somebody without a practice one for each territory served in.
   */
  standings: EntitlementFacts[]
}

/**
 * Refuses an erasure while an entry must still be kept, or still counts in the window of a rule in force: otherwise an
 * erased person could register again and receive the same allowance twice.
 */
export function decideErasure({ at, newestEntryAt, retentionDays, standings }: RetentionFacts): Refusal | undefined {
  const kept = newestEntryAt === null ? [] : [newestEntryAt + retentionDays * DAY_MS]
  const ends = [...kept.filter((end) => end > at), ...standings.flatMap(windowEnds)]
  if (ends.length === 0) return undefined
  const until = ends.includes(null) ? null : Math.max(...ends.map(Number))
  return refused('retention_running', until === null ? keptWithoutEnd : keptUntil(until), {
    until: until === null ? null : iso(until),
  })
}

const keptWithoutEnd: Text = {
  en: 'An entry of this professional must be kept, or counts in a rule’s window, with no end in sight.',
  fr: 'Une écriture de ce professionnel doit être conservée, ou compte dans la période d’une dotation, sans terme connu.',
}

function keptUntil(until: Instant): Text {
  return {
    en: phrase`An entry of this professional must be kept, or counts in a rule’s window, until ${moment(until)}.`,
    fr: phrase`Une écriture de ce professionnel doit être conservée, ou compte dans la période d’une dotation, jusqu’au ${moment(until)}.`,
  }
}

/** A human being whose payloads go, all locked: the chains that say so, and the live reservations, which end. */
export interface ErasedFacts {
  at: Instant
  records: readonly { personId: string; profession: string; territory: string | null }[]
  heads: readonly Head[]
  holds: LockedHold[]
  shelves: Shelf[]
}

/** Ends each chain with an entry that says on whose authority, and why, the payloads before it are gone. */
export function erasureEffects(
  { at, records, heads, holds, shelves }: ErasedFacts,
  order: { authority: string; reason: string },
  draw: Draw,
): Effects {
  const ended = endedAs(holds, { status: 'cancelled', cancellationReason: 'erased' })
  const entries = heads.map((head) => {
    const record = records.find(({ personId }) => personId === head.personId)
    const entry: NewEntry = {
      id: draw.id(),
      kind: 'erasure',
      recordedAt: at,
      occurredAt: at,
      pharmacy: null,
      profession: record?.profession ?? null,
      territories: { practice: record?.territory ?? null, pharmacy: null },
      lines: [],
      flags: [],
      refersTo: null,
    }
    return { entry: sealNext(head, entry, order, draw.salt()), weights: [], professional: null }
  })
  return { ...endingEffects(at, shelves, ended), entries }
}

/** When nothing will count any more in the windows that count it now; null if nobody knows. */
function windowEnds(facts: EntitlementFacts): (Instant | null)[] {
  const products = new Set(facts.rules.flatMap((rule) => rule.products))
  return [...products].flatMap((product) => {
    const allowance = allowanceFor(facts, product)
    if (isRefusal(allowance)) return []
    const { rule, period } = allowance
    const counted = facts.receipts
      .filter((receipt) => rule.products.includes(receipt.product) && countsIn(rule.window, period, receipt.at))
      .map((receipt) => receipt.at)
    return counted.length === 0 ? [] : [lastLeavesAt(rule.window, period, counted)]
  })
}
