import type { Transaction } from '../../db/database.ts'
import { decideOffline, wrongCodeIn } from '../../domain/offline-dispensation.ts'
import { requireWithinDays } from '../../domain/offline-times.ts'
import type { Actor } from '../../store/admin-acts.ts'
import { countWrongCode } from '../../store/pickup-code-tries.ts'
import type { CounterLimits } from './counter-limits.ts'
import { handOver } from './dispense.ts'
import { lockOffline } from './lock-offline.ts'
import type { Writing } from './recorded.ts'
import type { Dispensation, DispensationRequest } from './schema.ts'

/** How a pharmacy records what has taken place off line. */
export type OfflineWriting = CounterLimits & Writing & { days: number; actor: Actor }

/**
 * Records a hand-over that has taken place off line. It is judged as at the counter, and what would have been refused
 * is flagged: the masks have left.
 */
export async function dispenseOffline(
  tx: Transaction,
  pharmacy: string,
  request: DispensationRequest & { dispensedAt: number },
  { operator, signer, days, ...limits }: OfflineWriting,
): Promise<Dispensation> {
  const counter = await lockOffline(tx, pharmacy, request, limits)
  const { facts, codesAreLookedAt } = counter
  requireWithinDays({ field: 'dispensedAt', at: request.dispensedAt }, facts.entitlement.at, days)
  const asked = { ...request, override: request.override !== undefined }
  const wrong = codesAreLookedAt ? wrongCodeIn(facts, asked) : undefined
  if (wrong) countWrongCode(tx, pharmacy, wrong)
  return handOver(tx, counter, decideOffline(facts, asked, codesAreLookedAt), request, { operator, signer })
}
