import type { Transaction } from '../../db/database.ts'
import type { Instant } from '../../domain/instant.ts'
import { requireWithinDays } from '../../domain/offline-times.ts'
import { isRefusal, type Refusal, refused } from '../../domain/refusals.ts'
import { decideReversal, type Original } from '../../domain/reversal.ts'
import { remainingAfterReversal, reversalEffects } from '../../domain/reversal-effects.ts'
import { draw, writeEffects } from '../../store/effects.ts'
import { type RefusedRequest, recordRefusal } from '../../store/refusals.ts'
import { lockReversible, type Named } from './lock-reversible.ts'
import { recorded, type Writing } from './recorded.ts'
import type { Dispensation, ReversalRequest } from './schema.ts'

/** When something was taken back off line, and how many days back that may lie. */
interface TakenBack {
  at: Instant
  days: number
}

/**
 * Takes back a dispensation or part of it: a new entry gives back stock and, in the original's window, entitlement. The
 * original entry stays, and no reservation is revived. Undefined if the pharmacy has no such dispensation.
 */
export async function reverse(
  tx: Transaction,
  dispensation: Named,
  { takenBack, ...request }: ReversalRequest & { takenBack?: TakenBack },
  { operator, signer }: Writing,
): Promise<Dispensation | Refusal | undefined> {
  const reversible = await lockReversible(tx, dispensation)
  if (!reversible) return undefined
  const { original } = reversible
  const { professional } = original
  if (takenBack) requireWithinDays({ field: 'occurredAt', at: takenBack.at }, original.at, takenBack.days)
  const refuse = (refusal: Refusal) => recordRefusal(tx, refusedReversal(original, operator), refusal)
  if (professional === null) return refuse(professionalErased())
  const lines = decideReversal(original.lines, request.lines)
  if (isRefusal(lines)) return refuse(lines)
  const effects = reversalEffects(
    reversible,
    lines,
    { ...request, professional, operator, takenBackAt: takenBack?.at },
    draw,
  )
  writeEffects(tx, effects)
  const shown = {
    lines: lines.map(({ product, quantity, lot, rule, window }) => ({
      ...{ product, quantity, lot, rule, window },
      judged: null,
    })),
    reverses: original.id,
    reservations: [],
    override: null,
  }
  return recorded(effects, shown, remainingAfterReversal(reversible, lines), { operator, signer })
}

/** The refusal of a further entry about an erased person: nobody knows any more whom it would be about. */
function professionalErased(): Refusal {
  return refused('professional_unknown', {
    en: 'Nobody can say any more whom this dispensation was for: the professional was erased, or its retention is over. If the masks are back on the shelf, count the stock.',
    fr: 'Nul ne peut plus dire à qui cette remise a été faite : le professionnel a été effacé, ou la conservation est échue. Si les masques sont revenus en rayon, comptez le stock.',
  })
}

function refusedReversal({ personId, id, ...original }: Original, operator: string | undefined): RefusedRequest {
  return { ...original, verb: 'reversal', person: { ...original, id: personId }, dispensation: id, operator }
}
