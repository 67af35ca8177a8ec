import { DateTime } from 'luxon'
import type { Transaction } from '../../db/database.ts'
import { allowanceFor, type EntitlementFacts, windowOf } from '../../domain/beneficiary.ts'
import { decideDispensation } from '../../domain/dispensation.ts'
import type { Allowance, Hold } from '../../domain/entitlement.ts'
import { countsIn } from '../../domain/periods.ts'
import { isRefusal, type Refusal } from '../../domain/refusals.ts'
import { sendAccess } from '../../store/accesses.ts'
import { countWrongCode } from '../../store/pickup-code-tries.ts'
import { requireFewAskedAbout } from './asked-about.ts'
import type { CounterLimits } from './counter-limits.ts'
import { professionalUnknown, warningsOf } from './dispense.ts'
import { lockCounter } from './lock-counter.ts'
import type { Check, DispensationRequest } from './schema.ts'

/**
 * Says how a hand-over would be answered, and why, without changing anything. It is judged exactly as the hand-over
 * would be, under the same locks, and recorded as a reading of the professional's history.
 */
export async function check(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest,
  { operator, subject, ...limits }: CounterLimits & { operator: string | undefined; subject: string },
): Promise<Check> {
  const { professional } = request
  const [counter] = await Promise.all([
    lockCounter(tx, pharmacy, request, limits),
    requireFewAskedAbout(tx, { pharmacy, professional, most: limits.unservedChecks }),
  ])
  const decided = counter
    ? decideDispensation(counter.facts, { ...request, override: request.override !== undefined })
    : professionalUnknown()
  if (isRefusal(decided)) countWrongCode(tx, pharmacy, decided)
  const access = {
    kind: 'dispensation_check' as const,
    reader: { role: 'pharmacy', subject },
    pharmacy,
    operator,
  }
  const outcome = isRefusal(decided) ? decided.refused : 'allow'
  sendAccess(tx, { ...access, outcome }, counter?.head.personId ?? null)
  const decision: Pick<Check, 'decision' | 'code'> = isRefusal(decided)
    ? { decision: 'refuse' as const, code: decided.refused as Check['code'] } // One of those that judging gives.
    : { decision: 'allow' as const }
  const warnings = counter && !isRefusal(decided) ? warningsOf(counter, request) : []
  // With a wrong code, a hold that is left out would tell that it is this professional's.
  const named = decision.code === 'pickup_code_wrong' ? [] : request.reservations
  const about = standing(counter?.facts.entitlement, { ...request, reservations: named })
  return { ...decision, ...about, ...(warnings.length > 0 && { warnings }) }
}

function standing(
  facts: EntitlementFacts | undefined,
  request: DispensationRequest,
): Omit<Check, 'decision' | 'code' | 'warnings'> {
  if (!facts) return { remaining: [], held: [], rule: null, window: null, receivedInWindow: [] }
  const named = new Set(request.reservations.map(({ id }) => id))
  const holds = facts.holds.filter(({ id }) => !named.has(id))
  const allowances = [...new Set(request.lines.map(({ product }) => product))]
    .map((product) => allowanceFor(facts, product, { holds }))
    .filter((allowance): allowance is Allowance => !isRefusal(allowance as Allowance | Refusal))
  const [first] = allowances
  return {
    remaining: allowances.map(({ product, remaining }) => ({ product, quantity: remaining })),
    held: byProduct(holds),
    rule: first ? { id: first.rule.id, source: first.rule.source } : null,
    window: first ? windowOf(first.period) : null,
    receivedInWindow: first ? receivedByDay(facts, first) : [],
  }
}

function byProduct(holds: Hold[]): { product: string; quantity: number }[] {
  const sums = Map.groupBy(holds, ({ product }) => product)
  return [...sums].map(([product, held]) => ({
    product,
    quantity: held.reduce((sum, { quantity }) => sum + quantity, 0),
  }))
}

function receivedByDay(
  { receipts, timeZone }: EntitlementFacts,
  { rule, period }: Allowance,
): Check['receivedInWindow'] {
  const counted = receipts
    .filter(
      ({ ofAnother, product, at }) =>
        !ofAnother && rule.products.includes(product) && countsIn(rule.window, period, at),
    )
    .map(({ at, product, quantity }) => ({
      on: DateTime.fromMillis(at, { zone: timeZone }).toISODate() ?? '',
      product,
      quantity,
    }))
  return [...Map.groupBy(counted, ({ on, product }) => `${on} ${product}`).values()]
    .flatMap(([first, ...others]) =>
      first ? [{ ...first, quantity: others.reduce((sum, { quantity }) => sum + quantity, first.quantity) }] : [],
    )
    .filter(({ quantity }) => quantity !== 0)
    .sort((a, b) => a.on.localeCompare(b.on) || a.product.localeCompare(b.product))
}
