import { lookup } from '../bare/lookup.ts'
import { anyOf, type Callers } from '../callers.ts'
import type { HttpCase } from '../case.ts'

const CONNECTIONS = 16

/** The search for the nearest stock, of a product that half, a twentieth or a two-hundredth of the pharmacies have. */
export const searches: HttpCase[] = [
  nearest('nearest_50', 'surgical'),
  nearest('nearest_5', 'ffp2'),
  nearest('nearest_0.5', 'ffp3'),
]

function nearest(name: string, product: string): HttpCase {
  return {
    name,
    connections: CONNECTIONS,
    next({ professionals }) {
      const { latitude, longitude, token } = anyOf(professionals)
      return { method: 'GET', path: `/v1/pharmacies?near=${latitude},${longitude}&product=${product}`, token }
    },
    variation({ path }, _answer, callers) {
      const [latitude, longitude] = new URL(path, 'http://bench').searchParams.get('near')?.split(',') ?? []
      return {
        draw: drawProfessional(callers),
        replace: [
          [String(latitude), ':latitude'],
          [String(longitude), ':longitude'],
        ],
      }
    },
  }
}

/** Draws one of the professionals: `:person` its number in the set, `:rpps`, `:latitude` and `:longitude`. */
export function drawProfessional({ professionals }: Callers): string[] {
  const column = (name: string, of: (nth: Callers['professionals'][number]) => number) =>
    `\\set ${name} ${lookup('caller', professionals.map(of))}`
  return [
    `\\set caller random(0, ${professionals.length - 1})`,
    column('person', ({ nth }) => nth),
    column('rpps', ({ rpps }) => Number(rpps)),
    column('latitude', ({ latitude }) => latitude),
    column('longitude', ({ longitude }) => longitude),
  ]
}
