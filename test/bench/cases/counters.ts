import type { Variation } from '../bare/script.ts'
import {
  column,
  drawCounter,
  drawProfessional,
  ENTRY,
  key,
  nextInChain,
  nextInChainAlone,
  pharmacy,
  professional,
  shelf,
} from '../bare/variables.ts'
import { anyOf, type Callers, newKey } from '../callers.ts'
import type { HttpCase } from '../case.ts'
import type { BenchRequest } from '../drive.ts'
import type { OldEntry } from '../old-entries.ts'
import { readyHolds, readyReservation } from '../state.ts'

const CONNECTIONS = 16
const READY_PER_SECOND = 3_000

/** What happens at the counter: asked, handed over, handed over from a reservation, taken back. */
export function atCounters(seconds: number): HttpCase[] {
  return [
    counterCase('check', '/v1/dispensation-checks'),
    counterCase('dispense', '/v1/dispensations'),
    collected(seconds),
    reversal(),
  ]
}

function counterCase(name: string, path: string): HttpCase {
  return {
    name,
    connections: CONNECTIONS,
    changesStock: name === 'dispense',
    next({ professionals, counters }) {
      const { token } = anyOf(counters)
      const keyed = name === 'dispense' && { key: newKey() }
      return { method: 'POST', path, token, ...keyed, body: handOver(anyOf(professionals).rpps) }
    },
    variation: (request, _answer, callers) => ({
      draw: [...drawProfessional(callers), ...drawCounter(callers)],
      replace: [...written(request, callers), ...shelf({ onHand: -1, held: 0, changes: 1 })],
      inText: nextInChainAlone,
    }),
  }
}

function collected(seconds: number): HttpCase {
  const many = (seconds + 2) * READY_PER_SECOND
  let turn = 0
  return {
    name: 'dispense_reserved',
    connections: CONNECTIONS,
    changesStock: true,
    async reset(url, callers) {
      turn = 0
      await readyHolds(url, many, callers)
    },
    next(callers) {
      const { id, pickupCode, counter, professional } = readyReservation(turn++, callers)
      const { token } = callers.counters[counter] as Callers['counters'][number]
      const body = handOver(callers.professionals[professional]?.rpps ?? '')
      return {
        method: 'POST',
        path: '/v1/dispensations',
        token,
        key: newKey(),
        body: { ...body, reservations: [{ id, pickupCode }] },
      }
    },
    variation(request, _answer, callers): Variation {
      const [reservation] = (request.body as { reservations: { id: string; pickupCode: string }[] }).reservations
      const [counters, professionals] = [callers.counters.length, callers.professionals.length]
      return {
        draw: [
          ...drawProfessional(callers, `(:turn / ${counters} + :turn) % ${professionals}`),
          ...drawCounter(callers, `:turn % ${counters}`),
        ],
        replace: [
          [reservation?.id ?? '', `('00000000-0000-7000-8001-' || lpad(to_hex(:turn::bigint), 12, '0'))`],
          ...written(request, callers),
          ...shelf({ onHand: -1, held: -1, changes: 2 }),
        ],
        inText: nextInChainAlone,
      }
    },
  }
}

function reversal(): HttpCase {
  let turn = 0
  return {
    name: 'reversal',
    connections: CONNECTIONS,
    changesStock: true,
    bareWithout: ['ledger_lines', 'ledger_lines_reversed_within_dispensed'],
    next({ entries, counters }) {
      const old = entries.turns[turn++ % entries.turns.length]
      if (!old) throw new Error('all hand-overs of this set that was kept were taken back: drop its database')
      const { id, counter } = old
      const { token } = counters[counter] as Callers['counters'][number]
      const body = { kind: 'entry_error', lines: [{ product: 'surgical', quantity: 1 }] }
      return { method: 'POST', path: `/v1/dispensations/${id}/reversal`, token, key: newKey(), body }
    },
    variation(request, _answer, callers): Variation {
      const { counters, places } = callers
      const { turns, bare } = callers.entries
      const entry = turns.find(({ id }) => request.path.includes(id)) as OldEntry
      return {
        draw: [
          `\\set which random(0, ${bare.length - 1})`,
          column('entry', 'which', bare, ({ nth }) => nth),
          column('entry_ms', 'which', bare, ({ at }) => at),
          column('person', 'which', bare, ({ person }) => person.nth),
          column('rpps', 'which', bare, ({ person }) => Number(person.rpps)),
          column('finess', 'which', bare, ({ counter }) => Number(counters[counter]?.finess)),
        ],
        replace: [
          ...key(request.key),
          [entry.id, ENTRY],
          ...professional(entry.person),
          ...pharmacy(places.pharmacies[counters[entry.counter]?.nth ?? 0] ?? { finess: '' }),
          ...nextInChain,
          ...shelf({ onHand: 1, held: 0, changes: 1 }),
        ],
        inText: nextInChainAlone,
      }
    },
  }
}

/** The body of a hand-over of one mask. */
export function handOver(professional: string) {
  return { professional, identityCheck: { method: 'cps_card' }, lines: [{ product: 'surgical', quantity: 1 }] }
}

function written(
  { key: recorded, token, body }: BenchRequest,
  { professionals, counters }: Callers,
): Variation['replace'] {
  const counter = counters.find((each) => each.token === token) as Callers['counters'][number]
  const about = professionals.find(({ rpps }) => rpps === (body as { professional: string }).professional)
  if (!about) throw new Error('the hand-over is to nobody who calls')
  return [...key(recorded), ...professional(about), ...pharmacy(counter), ...nextInChain]
}
