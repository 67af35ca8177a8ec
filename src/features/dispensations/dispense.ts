import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../../db/database.ts'
import { StaleRead } from '../../db/transaction.ts'
import { allowanceFor, type Person } from '../../domain/beneficiary.ts'
import { signReceipt } from '../../domain/checkpoint.ts'
import { decideDispensation, type Grant } from '../../domain/dispensation.ts'
import { isRefusal, type Refusal, refused } from '../../domain/refusals.ts'
import { hold, type Moved, move, type Shelf } from '../../domain/shelf.ts'
import type { Signer } from '../../domain/signed-note.ts'
import { type EntryLine, type EntryRow, entryView } from '../../store/entries.ts'
import { type EventRecord, reservationEvent, turningPoints } from '../../store/events.ts'
import { append, type LineWeight, type NewEntry, seal } from '../../store/ledger.ts'
import { countWrongCode } from '../../store/pickup-code-tries.ts'
import { recordRefusal } from '../../store/refusals.ts'
import { applyStockEffects, type EndedHold } from '../../store/shelves.ts'
import { type Counter, type CounterLimits, gather } from './gather.ts'
import type { Dispensation, DispensationRequest } from './schema.ts'

/** Who writes the entry down, and the key that signs its receipt. */
export interface Writing {
  operator: string | undefined
  signer: Signer
}

/**
 * Hands masks over at a pharmacy's counter: all lines or none, within what the rules in force leave this professional in
 * all pharmacies together.
 */
export async function dispense(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  { operator, signer, ...limits }: CounterLimits & Writing,
): Promise<Dispensation | Refusal> {
  const refuse = (person: Person | null, refusal: Refusal) =>
    recordRefusal(tx, { verb: 'dispensation', person, pharmacy, operator }, refusal)
  const counter = await gather(tx, pharmacy, request, limits)
  if (!counter) return refuse(null, professionalUnknown())
  const grant = decideDispensation(counter.facts, { ...request, override: request.override !== undefined })
  if (isRefusal(grant)) {
    countWrongCode(tx, pharmacy, grant)
    return refuse(counter.facts.entitlement.person, grant)
  }
  return write(tx, request, counter, grant, { operator, signer })
}

/** The refusal of somebody whom the directory does not know. */
export function professionalUnknown(): Refusal {
  return refused(
    'professional_unknown',
    'The directory knows nobody with this number. Check it on the card, or ask the operator of the service.',
  )
}

function write(
  tx: Transaction,
  request: DispensationRequest,
  counter: Counter,
  grant: Grant,
  { operator, signer }: Writing,
): Dispensation {
  const entry = entryOf(counter, grant)
  const { professional, identityCheck, override } = request
  const reservations = grant.outcomes.map(({ id, outcome }) => ({ id, outcome }))
  const judged = grant.lines.map(({ allowance: { cap, received, held } }) => ({ cap, received, held }))
  const sealed = seal(counter.head, entry, { professional, identityCheck, override, operator, reservations, judged })
  const weights = grant.lines.map(({ quantity, beyondCap }, nth) => ({
    effect: quantity,
    countedAt: entry.occurredAt,
    judged: judged[nth] as LineWeight['judged'],
    beyondCap,
  }))
  append(tx, sealed, weights, professional)
  applyStockEffects(tx, stockEffects(counter, grant, entry, operator))
  const row: EntryRow = {
    ...sealed,
    kind: 'dispensation',
    entryHash: sealed.entryHash.toString('base64'),
    previousHash: sealed.previousHash?.toString('base64') ?? null,
    professional,
    reverses: null,
    lines: grant.lines.map(judgedLine),
    reservations,
    override: override ?? null,
  }
  return { ...entryView(row), remaining: remainingAfter(counter, grant), receipt: signReceipt(sealed, signer) }
}

function judgedLine({ product, quantity, lot, allowance, beyondCap }: Grant['lines'][number]): EntryLine {
  const { rule, period, cap, received, held } = allowance
  const { id, source, publishedAt } = rule
  const judged = { cap, received, held, beyondCap }
  return { product, quantity, lot, rule: { id, source, publishedAt }, window: period, judged }
}

function entryOf({ facts, pharmacyTerritory }: Counter, grant: Grant): NewEntry {
  const { at, occurredAt, person, timeZone } = facts.entitlement
  return {
    id: uuidv7(),
    kind: 'dispensation',
    recordedAt: at,
    occurredAt,
    pharmacy: facts.pharmacy,
    profession: person.profession,
    territories: { practice: person.practiceTerritory, pharmacy: pharmacyTerritory },
    lines: grant.lines.map(({ product, quantity, lot, allowance }) => ({
      product,
      quantity,
      lot,
      ruleId: allowance.rule.id,
      window: allowance.period,
      timeZone,
    })),
    flags: grant.flags,
    refersTo: null,
  }
}

function stockEffects(counter: Counter, grant: Grant, entry: NewEntry, operator: string | undefined) {
  const { facts, shelves, expired } = counter
  const collected = grant.outcomes.filter(({ outcome }) => outcome === 'collected')
  const ending = [
    ...expired,
    ...facts.reservations.filter(({ id }) => collected.some((each) => each.id === id)),
    ...grant.released,
  ].map((ended) => ({ pharmacy: facts.pharmacy, ...ended }))
  const moved = grant.lines.reduce((sofar, line) => dispenseLine(sofar, facts.pharmacy, line, entry), {
    shelves: shelves.map((shelf) => freed(shelf, ending)),
    movements: [] as Moved['movements'],
  })
  const after = moved.shelves.filter((shelf, index) => shelf.version !== shelves[index]?.version)
  const ended: EndedHold[] = [
    ...expired.map(({ id }) => ({ id, status: 'expired' as const })),
    ...collected.map(({ id, quantity }) => ({
      id,
      status: 'collected' as const,
      collectedQuantity: quantity,
      collectedBy: entry.id,
    })),
    ...grant.released.map(({ id }) => ({ id, status: 'cancelled' as const, cancellationReason: 'released' })),
  ]
  return {
    at: entry.recordedAt,
    before: shelves,
    after,
    movements: moved.movements.map((movement) => ({ ...movement, id: uuidv7(), entryId: entry.id })),
    ended,
    events: [...events(counter, grant, entry), ...turningPoints(shelves, after)],
    operator,
  }
}

function freed(shelf: Shelf, ending: { pharmacy: string; product: string; quantity: number }[]): Shelf {
  const here = ending.filter(({ pharmacy, product }) => pharmacy === shelf.pharmacy && product === shelf.product)
  return hold(shelf, -here.reduce((sum, { quantity }) => sum + quantity, 0))
}

function dispenseLine(
  { shelves, movements }: { shelves: Shelf[]; movements: Moved['movements'] },
  pharmacy: string,
  { product, quantity }: { product: string; quantity: number },
  { occurredAt }: NewEntry,
): { shelves: Shelf[]; movements: Moved['movements'] } {
  const index = shelves.findIndex((shelf) => shelf.pharmacy === pharmacy && shelf.product === product)
  const shelf = shelves[index]
  if (!shelf) throw new StaleRead('stock was granted from a shelf that is not there')
  const moved = move(shelf, 'dispensation', quantity, -quantity, occurredAt)
  return { shelves: shelves.with(index, moved.shelf), movements: [...movements, ...moved.movements] }
}

function events({ facts, expired, head }: Counter, grant: Grant, entry: NewEntry): EventRecord[] {
  const { pharmacy } = facts
  const collected = facts.reservations.filter(({ id }) =>
    grant.outcomes.some((each) => each.id === id && each.outcome === 'collected'),
  )
  return [
    ...expired.map((ended) => reservationEvent('reservation.expired', ended)),
    ...collected.map((ended) => reservationEvent('reservation.collected', { ...ended, pharmacy })),
    ...grant.released.map((ended) => reservationEvent('reservation.cancelled', { ...ended, personId: head.personId })),
    {
      type: 'dispensation.recorded',
      subject: entry.id,
      ids: { dispensation: entry.id, pharmacy, person: head.personId },
    },
  ]
}

function remainingAfter({ facts }: Counter, grant: Grant): { product: string; quantity: number }[] {
  const { entitlement, reservations } = facts
  const receipts = grant.lines.map(({ product, quantity }) => ({ product, quantity, at: entitlement.occurredAt }))
  const gone = new Set([...grant.released, ...reservations].map(({ id }) => id))
  const holds = entitlement.holds.filter(({ id }) => !gone.has(id))
  return [...new Set(grant.lines.map(({ product }) => product))].flatMap((product) => {
    const left = allowanceFor(entitlement, product, { receipts, holds })
    return isRefusal(left) ? [] : [{ product, quantity: left.remaining }]
  })
}
