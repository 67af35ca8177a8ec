import { drawCounter, drawPractice, drawProfessional, pharmacy, practice, professional } from '../bare/variables.ts'
import { anyOf, type Callers } from '../callers.ts'
import type { HttpCase } from '../case.ts'
import type { BenchRequest } from '../drive.ts'

const CONNECTIONS = 16

/**
 * What is only read: the nearest stock of products that ever fewer pharmacies have, one pharmacy, one's own
 * entitlement.
 */
export const searches: HttpCase[] = [
  nearest('nearest_50', 'surgical'),
  nearest('nearest_5', 'ffp2'),
  nearest('nearest_0.5', 'ffp3'),
  {
    name: 'pharmacy',
    connections: CONNECTIONS,
    next: ({ professionals, counters }) => ({
      method: 'GET',
      path: `/v1/pharmacies/${anyOf(counters).finess}`,
      token: anyOf(professionals).token,
    }),
    variation: ({ path }, _answer, callers) => ({
      draw: drawCounter(callers),
      replace: pharmacy({ finess: path.split('/').at(-1) ?? '' }),
    }),
  },
  {
    name: 'entitlement',
    connections: CONNECTIONS,
    next: ({ professionals }) => ({ method: 'GET', path: '/v1/entitlements/me', token: anyOf(professionals).token }),
    variation: (request, _answer, callers) => ({
      draw: drawProfessional(callers),
      replace: professional(callerOf(request, callers)),
    }),
  },
]

function nearest(name: string, product: string): HttpCase {
  return {
    name,
    connections: CONNECTIONS,
    next({ professionals }) {
      const { latitude, longitude, token } = anyOf(professionals)
      return { method: 'GET', path: `/v1/pharmacies?near=${latitude},${longitude}&product=${product}`, token }
    },
    variation: (request, _answer, callers) => ({
      draw: [...drawProfessional(callers), ...drawPractice(callers)],
      replace: practice(callerOf(request, callers)),
    }),
  }
}

/** The professional whose token a request has. */
export function callerOf(
  { token }: Pick<BenchRequest, 'token'>,
  { professionals }: Callers,
): Callers['professionals'][number] {
  const found = professionals.find((each) => each.token === token)
  if (!found) throw new Error('the request is not a professional’s')
  return found
}
