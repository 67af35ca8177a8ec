import { anyOf, type Callers, newKey } from '../callers.ts'
import type { HttpCase } from '../case.ts'
import type { BenchRequest } from '../drive.ts'
import { share } from '../set/random.ts'
import { emptyHolds } from '../state.ts'
import { handOver } from './counters.ts'

/** A day's traffic, and a regulator's totals. */
export const traffic: HttpCase[] = [
  {
    name: 'mixed',
    connections: 32,
    changesStock: true,
    showsMemory: true,
    reset: emptyHolds,
    next: nextOfADay(),
  },
  {
    name: 'summary',
    connections: 4,
    next: nextSummary(),
    variation: () => ({ draw: [], replace: [] }),
  },
]

// Each in turn: a regulator has two audits under way at most.
function nextSummary(): (callers: Callers) => BenchRequest {
  let sent = 0
  return ({ regulators }) => {
    const token = regulators[sent++ % regulators.length] as string
    return { method: 'GET', path: '/v1/audit/summary?groupBy=week,territory', token }
  }
}

function nextOfADay(): (callers: Callers) => BenchRequest {
  let sent = 0
  let counted = 0
  return ({ professionals, counters }) => {
    const chance = share('a day', sent++)
    if (chance < 0.7) {
      const { latitude, longitude, token } = anyOf(professionals)
      return { method: 'GET', path: `/v1/pharmacies?near=${latitude},${longitude}&product=surgical`, token }
    }
    if (chance < 0.85) {
      const { token } = anyOf(professionals)
      return {
        method: 'POST',
        path: '/v1/reservations',
        token,
        key: newKey(),
        body: { product: 'surgical', quantity: 1 },
      }
    }
    if (chance < 0.95) {
      const { token } = anyOf(counters)
      return {
        method: 'POST',
        path: '/v1/dispensations',
        token,
        key: newKey(),
        body: handOver(anyOf(professionals).rpps),
      }
    }
    // In turn: of two counts of one shelf at once the older is refused.
    const { finess, token } = counters[counted++ % counters.length] as Callers['counters'][number]
    const body = { onHand: 900_000 + (counted % 1_000), countedAt: new Date().toISOString() }
    return { method: 'PUT', path: `/v1/pharmacies/${finess}/stock/surgical`, token, key: newKey(), body }
  }
}
