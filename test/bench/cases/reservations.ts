import type { Variation } from '../bare/script.ts'
import { drawPractice, drawProfessional, key, practice, professional, shelf } from '../bare/variables.ts'
import { anyOf, newKey } from '../callers.ts'
import type { HttpCase } from '../case.ts'
import { emptyHolds } from '../state.ts'
import { callerOf } from './searches.ts'

const held = shelf({ onHand: 0, held: 1, changes: 1 })

/** Masks set aside: at the nearest pharmacy, and by 200 callers at one and the same. */
export const reservations: HttpCase[] = [
  {
    name: 'reserve_nearest',
    connections: 16,
    changesStock: true,
    reset: emptyHolds,
    next: ({ professionals }) => ({
      method: 'POST',
      path: '/v1/reservations',
      token: anyOf(professionals).token,
      key: newKey(),
      body: { product: 'surgical', quantity: 1 },
    }),
    variation(request, answer, callers): Variation {
      const caller = callerOf(request, callers)
      return {
        draw: [...drawProfessional(callers), ...drawPractice(callers)],
        // The search answers with the pharmacy, as it does the program.
        readBack: /^lock_shelf_at_nearest/,
        waits: SKIPS,
        replace: [
          ...key(request.key),
          ...held,
          ...professional(caller),
          ...practice(caller),
          [(answer.pharmacy as { finess: string }).finess, ':finess'],
          [String(answer.pickupCode), CODE],
          [labelOf(answer), NO_LABEL],
        ],
      }
    },
  },
  {
    name: 'reserve_hot',
    connections: 200,
    changesStock: true,
    reset: emptyHolds,
    next: ({ professionals, counters }) => ({
      method: 'POST',
      path: '/v1/reservations',
      token: anyOf(professionals).token,
      key: newKey(),
      body: { product: 'surgical', quantity: 1, pharmacy: counters[0]?.finess },
    }),
    variation(request, answer, callers): Variation {
      const caller = callerOf(request, callers)
      return {
        draw: [...drawProfessional(callers), ...drawPractice(callers), `\\set finess ${callers.counters[0]?.finess}`],
        waits: SKIPS,
        replace: [
          ...key(request.key),
          ...held,
          ...professional(caller),
          ...practice(caller),
          [String(answer.pickupCode), CODE],
          [labelOf(answer), NO_LABEL],
        ],
      }
    },
  },
]

const SKIPS = /_skip_locked/
// Each once at a pharmacy, as the program's are but for very bad luck.
const CODE = `lpad(to_hex(:turn::bigint), 9, '0')`
// The one that was recorded is taken once it is used: the script goes without, as the program does where all are taken.
const NO_LABEL = `nullif(:turn::text, :turn::text)`

/** As a whole parameter: those drawn stand together in another. */
function labelOf(answer: Record<string, unknown>): RegExp {
  return new RegExp(`^${answer.label}$`)
}
