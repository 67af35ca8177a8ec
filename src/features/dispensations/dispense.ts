import type { Transaction } from '../../db/database.ts'
import type { Person } from '../../domain/beneficiary.ts'
import { decideDispensation, type Grant } from '../../domain/dispensation.ts'
import {
  bestBeforeOf,
  dispensationEffects,
  outcomesOf,
  remainingAfterDispensation,
} from '../../domain/dispensation-effects.ts'
import { iso } from '../../domain/instant.ts'
import { isRefusal, type Refusal, refused } from '../../domain/refusals.ts'
import { similarHandOver } from '../../domain/similar-hand-over.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import type { EntryLine } from '../../store/entries.ts'
import { countWrongCode } from '../../store/pickup-code-tries.ts'
import { recordRefusal } from '../../store/refusals.ts'
import { requireFewAskedAbout } from './asked-about.ts'
import type { CounterLimits } from './counter-limits.ts'
import { type LockedCounter, lockCounter } from './lock-counter.ts'
import { recorded, type Writing } from './recorded.ts'
import type { Dispensation, DispensationRequest } from './schema.ts'

/**
 * Hands masks over at a pharmacy's counter: all lines or none, within what the rules in force allow this professional
 * across all pharmacies.
 */
export async function dispense(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  { operator, signer, ...limits }: CounterLimits & Writing,
  drawn = draw,
): Promise<Dispensation | Refusal> {
  // A refusal tells as much as a check does.
  const refuse = async (person: Person | null, refusal: Refusal) => {
    const { professional } = request
    await requireFewAskedAbout(tx, { pharmacy, professional, most: limits.unservedChecks })
    return recordRefusal(tx, { verb: 'dispensation', person, pharmacy, operator }, refusal)
  }
  const counter = await lockCounter(tx, pharmacy, request, limits)
  if (!counter) return refuse(null, professionalUnknown())
  const grant = decideDispensation(counter.facts, { ...request, override: request.override !== undefined })
  if (isRefusal(grant)) {
    countWrongCode(tx, pharmacy, grant)
    return refuse(counter.facts.entitlement.person, grant)
  }
  return handOver(tx, counter, grant, request, { operator, signer }, drawn)
}

/** Writes a hand-over as it was granted, and answers it. */
export function handOver(
  tx: Transaction,
  counter: LockedCounter,
  grant: Grant,
  request: DispensationRequest,
  { operator, signer }: Writing,
  drawn = draw,
): Dispensation {
  const effects = dispensationEffects(counter, grant, { ...request, operator }, drawn)
  writeEffects(tx, effects)
  const shown = {
    lines: grant.lines.map(judgedLine),
    reverses: null,
    reservations: outcomesOf(grant),
    override: request.override ?? null,
    bestBefore: bestBeforeOf(grant),
  }
  const answer = recorded(effects, shown, remainingAfterDispensation(counter, grant), { operator, signer })
  const warnings = warningsOf(counter, request)
  return warnings.length > 0 ? { ...answer, warnings } : answer
}

/** What whoever hands over should look at again, though nothing speaks against it. */
export function warningsOf(
  { recent }: LockedCounter,
  { lines }: DispensationRequest,
): NonNullable<Dispensation['warnings']> {
  const similar = similarHandOver(lines, recent)
  return similar ? [{ code: 'similar_entry', id: similar.id, occurredAt: iso(similar.at) }] : []
}

/** The refusal for somebody whom the directory does not know. */
export function professionalUnknown(): Refusal {
  return refused('professional_unknown', {
    en: 'The directory knows nobody with this number. Check it on the card, or ask the operator of the service.',
    fr: 'L’annuaire ne connaît personne sous ce numéro. Vérifiez-le sur la carte, ou adressez-vous à l’exploitant du service.',
  })
}

function judgedLine({ product, quantity, lot, allowance, beyondCap }: Grant['lines'][number]): EntryLine {
  if (!allowance) {
    return { product, quantity, lot, rule: null, window: null, judged: { cap: 0, received: 0, held: 0, beyondCap } }
  }
  const { rule, period, cap, received, held } = allowance
  const { id, source, publishedAt } = rule
  const judged = { cap, received, held, beyondCap }
  return { product, quantity, lot, rule: { id, source, publishedAt }, window: period, judged }
}
