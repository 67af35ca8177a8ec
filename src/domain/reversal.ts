import type { RuleVersion } from './allocation-rules.ts'
import type { Instant } from './instant.ts'
import type { LedgerLine } from './ledger-entry.ts'
import { type Judged, type Refusal, refused } from './refusals.ts'

/** A line of a dispensation, with how much of its product and lot has been taken back so far. */
export interface ReversibleLine extends Omit<LedgerLine, 'ruleHash'> {
  cap: number
  reversed: number
}

/** A line with the rule that its entry cites, if one judged it. */
export interface OriginalLine extends ReversibleLine {
  rule: RuleVersion | null
}

/** A dispensation as a reversal sees it. */
export interface Original {
  id: string
  pharmacy: string
  /** The database's clock. */
  at: Instant
  personId: string
  /** Null once erased. */
  professional: string | null
  occurredAt: Instant
  recordedAt: Instant
  profession: string
  practiceTerritory: string | null
  pharmacyTerritory: string
  lines: OriginalLine[]
}

/** The lines that a reversal takes back, at most what was dispensed; everything left if no lines are named. */
export function decideReversal<Line extends ReversibleLine>(
  dispensed: readonly Line[],
  asked: readonly { product: string; quantity: number }[] | undefined,
): Line[] | Refusal {
  const left = remaindersOf(dispensed)
  if (!asked) return left.length > 0 ? left : exceeded(dispensed)
  const taken: Line[] = []
  for (const { product, quantity } of asked) {
    let missing = quantity
    for (const line of left.filter((each) => each.product === product)) {
      const part = Math.min(missing, line.quantity)
      if (part > 0) taken.push({ ...line, quantity: part })
      line.quantity -= part
      missing -= part
    }
    if (missing > 0) return exceeded(dispensed, { product, quantity, available: quantity - missing })
  }
  return taken
}

// Two lines of one product and lot share what was reversed of it; the first line absorbs it first.
function remaindersOf<Line extends ReversibleLine>(dispensed: readonly Line[]): Line[] {
  const reversed = new Map(dispensed.map((line) => [keyOf(line), line.reversed]))
  return dispensed
    .map((line) => {
      const back = Math.min(line.quantity, reversed.get(keyOf(line)) ?? 0)
      reversed.set(keyOf(line), (reversed.get(keyOf(line)) ?? 0) - back)
      return { ...line, quantity: line.quantity - back }
    })
    .filter(({ quantity }) => quantity > 0)
}

function exceeded(dispensed: readonly ReversibleLine[], judged?: Judged): Refusal {
  const reversible = remaindersOf(dispensed).map(({ product, quantity }) => ({ product, quantity }))
  return refused(
    'reversal_exceeds_dispensed',
    {
      en: 'More would be taken back than was dispensed and not yet reversed; reversible says how much that is.',
      fr: 'La reprise dépasse ce qui a été remis et n’a pas encore été repris ; reversible dit combien il en reste.',
    },
    { reversible },
    judged,
  )
}

function keyOf({ product, lot }: ReversibleLine): string {
  return JSON.stringify([product, lot])
}
