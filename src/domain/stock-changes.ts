import { availableOn, type Draw, type Effects, endedAs, freed, type RecordedMovement, stockEffects } from './effects.ts'
import { endedEvent, shelfEvent } from './event-records.ts'
import { madeUp, notFitting } from './fit.ts'
import type { EndedHold, LockedHold } from './holds.ts'
import { type Instant, iso } from './instant.ts'
import { counted, moment, phrase, type Text } from './language.ts'
import { productInactive } from './product-inactive.ts'
import { type Refusal, refused } from './refusals.ts'
import { count, isCounted, type Moved, type MovementKind, move, type Shelf } from './shelf.ts'

/** A shelf, if there is one, and all reservations that hold part of it, all locked; and the clock after the locks. */
export interface LockedShelf {
  shelf: Shelf | undefined
  holds: LockedHold[]
  at: Instant
}

/** Those of some shelves that there are, with all reservations that hold part of them, all locked. */
export interface LockedShelves extends Omit<LockedShelf, 'shelf'> {
  shelves: Shelf[]
}

export interface ShelfFacts extends LockedShelf {
  shelf: Shelf
}

export interface Count {
  onHand: number
  countedAt: Instant
}

const MOST_ON_HAND = 1_000_000_000

/**
 * Decides the time of a count; `since` is what came less what left after it. One dated ahead must not swallow the
 * hand-overs of the next minutes.
 */
export function decideCount(
  { shelf, at }: ShelfFacts,
  { onHand, countedAt }: Count,
  { since }: { since: number },
): Count | Refusal {
  const counted = { onHand, countedAt: Math.min(countedAt, at) }
  if (onHand + since > MOST_ON_HAND) {
    return refused('stock_insufficient', {
      en: phrase`With what came since, more than ${MOST_ON_HAND} masks would be on hand.`,
      fr: phrase`Avec ce qui est arrivé depuis, le stock dépasserait ${MOST_ON_HAND} masques.`,
    })
  }
  if (shelf.countedAt === null || counted.countedAt >= shelf.countedAt) return counted
  const latest = moment(shelf.countedAt)
  return refused(
    'stock_count_outdated',
    {
      en: phrase`A later count, of ${latest}, is recorded already. Count again to correct it.`,
      fr: phrase`Un comptage plus récent, du ${latest}, est déjà enregistré. Comptez à nouveau pour le corriger.`,
    },
    { countedAt: iso(shelf.countedAt) },
  )
}

/** Of a movement whose counterparty is the pharmacy itself. */
export const notItself: Text = { en: 'must be another pharmacy', fr: 'doit être une autre officine' }

/** Of a time that the database's clock has yet to reach. */
export const tooFarAhead: Text = {
  en: 'lies more than 5 minutes ahead',
  fr: 'est à plus de 5 minutes dans l’avenir',
}

/** The effects of a count. Reservations that no longer fit are cancelled. */
export function countEffects(
  facts: ShelfFacts,
  { onHand, countedAt }: Count,
  { since, operator }: { since: number; operator: string | undefined },
  draw: Draw,
): Effects {
  const counted = count(facts.shelf, onHand, since, countedAt)
  const movements = counted.movements.map((movement) => ({ ...movement, id: draw.id() }))
  return fittedEffects(facts, { ...counted, movements }, { isCount: true, operator })
}

export type DeclaredKind = Exclude<
  MovementKind,
  'count' | 'count_absorbed' | 'dispensation' | 'reversal' | 'discrepancy'
>

/** Whether a movement brings masks in. */
export function comesIn(kind: DeclaredKind): boolean {
  return kind === 'delivery' || kind === 'transfer_in'
}

/** Whether a movement may take only what is not promised. A loss takes whatever is there. */
export function takesFree(kind: DeclaredKind): boolean {
  return kind === 'return_to_supplier' || kind === 'transfer_out'
}

/** A movement as somebody declares it. */
export interface Declaration {
  product: string
  kind: DeclaredKind
  quantity: number
  occurredAt: Instant
}

/**
 * Decides a movement and its change to the stock on hand; a loss never takes more than is there. What the newest count
 * has seen is taken whole, as the shelf of today says nothing about that of then.
 */
export function decideMovement(
  { shelf, holds, at, productActive }: LockedShelf & { productActive: boolean },
  { product, kind, quantity, occurredAt }: Declaration,
): { change: number } | Refusal {
  const change = comesIn(kind) ? quantity : -quantity
  if (shelf && isCounted(shelf, occurredAt, at)) return { change }
  if (comesIn(kind)) {
    if (productActive) return { change }
    return productInactive(product)
  }
  const expired = holds.filter(({ expiresAt }) => expiresAt <= at)
  const free = shelf ? availableOn({ shelf, expired }) : 0
  if (takesFree(kind) && quantity > free) {
    return refused('stock_insufficient', freeOnly(product, free), { product, available: free })
  }
  return { change: Math.max(change, -(shelf?.onHand ?? 0)) }
}

function freeOnly(product: string, free: number): Text {
  return {
    en: phrase`Available: ${counted(free, 'mask', 'masks')} of ${product}. Only masks that nobody has reserved can leave.`,
    fr: phrase`Disponible : ${counted(free, 'masque', 'masques')} ${product}. Seuls des masques non optionnés peuvent sortir.`,
  }
}

/** A movement as declared, with its change as decided. */
export type DeclaredMovement = Pick<RecordedMovement, 'id' | 'reference' | 'counterparty' | 'lot' | 'bestBefore'> & {
  kind: DeclaredKind
  quantity: number
  change: number
  occurredAt: Instant
}

/** The effects of a movement. Reservations that no longer fit are cancelled. */
export function movementEffects(
  facts: ShelfFacts,
  { kind, quantity, change, occurredAt, ...papers }: DeclaredMovement,
  operator: string | undefined,
  draw: Draw,
): Effects {
  const made = madeUp(facts.shelf, { quantity: -change, occurredAt, at: facts.at })
  const moved = move(made.shelf, { kind, quantity, change, occurredAt }, facts.at)
  const movements = [...made.movements, ...moved.movements].map((movement) =>
    movement.kind === kind ? { ...movement, ...papers } : { ...movement, id: draw.id() },
  )
  return fittedEffects(facts, { ...moved, movements }, { isCount: false, operator })
}

function fittedEffects(
  { shelf, holds, at }: ShelfFacts,
  moved: Moved & { movements: RecordedMovement[] },
  { isCount, operator }: { isCount: boolean; operator: string | undefined },
): Effects {
  const ended = endedToFit(moved.shelf, holds, at)
  const after = freed(moved.shelf, ended)
  const events = [...(isCount ? [shelfEvent('declared', after)] : []), ...ended.map(endedEvent)]
  return stockEffects(at, { before: [shelf], after: [after], movements: moved.movements, ended, events }, operator)
}

// The expired holds, and the newest live ones until what is held fits on the shelf.
function endedToFit(shelf: Shelf, holds: readonly LockedHold[], at: Instant): EndedHold[] {
  const expired = holds.filter(({ expiresAt }) => expiresAt <= at)
  const live = holds.filter(({ expiresAt }) => expiresAt > at)
  const cancelled = notFitting(shelf, live)
  return [
    ...endedAs(expired, { status: 'expired' }),
    ...endedAs(cancelled, { status: 'cancelled', cancellationReason: 'stock_shortfall' }),
  ]
}
