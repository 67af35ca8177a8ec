import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { fc } from '../support/seed.ts'
import type { Service } from '../support/service.ts'
import { atOnce, range } from '../support/tally.ts'
import { must, type World } from '../support/world.ts'
import { type Call, delivery, handOver, type Made, type Person, type Place, reversal } from './calls.ts'
import type { History, Operation, Thing } from './history-checker.ts'
import { at } from './reality.ts'

const CALLERS = 16
const CALLS_EACH = 15
const CAP = 40
const COUNTED = 30

const plan = fc.record({
  kind: fc.constantFrom('dispense', 'dispense', 'dispense', 'dispense', 'reverse', 'reverse', 'deliver'),
  person: fc.nat(3),
  place: fc.nat(2),
  quantity: fc.integer({ min: 1, max: 9 }),
  nth: fc.nat(100),
  hangsUp: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
})

/** Lets sixteen callers at once loose on four professionals and three pharmacies, and records what became of it. */
export async function recordBurst(service: Service, world: World, seed: number): Promise<History> {
  await world.rule({ cap: CAP })
  const people = await Promise.all(range(4).map((n) => world.professional(n + 1)))
  const places = await Promise.all(range(3).map((n) => world.pharmacy(n + 1)))
  const versions = await Promise.all(
    places.map(async (place) => must(201, await world.count(place, COUNTED)).body.version),
  )
  const plans = fc.sample(plan, { numRuns: CALLERS * CALLS_EACH, seed })
  const made: Made[] = []
  const ids = new Map<string, string>()
  const operations: Operation[] = []

  await atOnce(range(CALLERS), async (caller) => {
    for (const index of range(CALLS_EACH)) {
      const { kind, nth, quantity, hangsUp, ...who } = at(plans, caller * CALLS_EACH + index)
      const [mark, person, place] = [`op-${caller}-${index}`, at(people, who.person), at(places, who.place)]
      const call = callOf(service, kind, {
        mark,
        person,
        place,
        quantity,
        original: made[nth % Math.max(1, made.length)],
      })
      const called = performance.now()
      const answer = await call.send()
      const answered = performance.now()
      const outcome = call.read(answer)
      // Who hangs up has asked all the same, and never learns what became of it.
      const known = hangsUp
        ? { answered: Number.POSITIVE_INFINITY, outcome: { kind: 'unknown' as const } }
        : { answered, outcome }
      operations.push({ mark, called, changes: call.changes, ...known })
      if (outcome.kind !== 'done' || hangsUp) continue
      ids.set(answer.body.id, mark)
      if (answer.body.kind === 'dispensation') made.push({ id: answer.body.id, mark, person, place, quantity })
    }
  })
  return { operations, things: await readThings(service, operations, ids, { people, places, versions }) }
}

function callOf(
  service: Service,
  kind: 'dispense' | 'reverse' | 'deliver',
  {
    mark,
    person,
    place,
    quantity,
    original,
  }: { mark: string; person: Person; place: Place; quantity: number; original: Made | undefined },
): Call {
  if (kind === 'deliver') return delivery(service, mark, place, quantity)
  return kind === 'reverse' && original
    ? reversal(service, mark, original)
    : handOver(service, mark, person, place, quantity)
}

interface HistoryEntry {
  id: string
  kind: 'dispensation' | 'reversal'
  sequence: number
  lines: { quantity: number; lot: string }[]
}

async function readThings(
  service: Service,
  operations: Operation[],
  ids: Map<string, string>,
  { people, places, versions }: { people: Person[]; places: Place[]; versions: number[] },
): Promise<Thing[]> {
  const histories = await Promise.all(
    people.map(async ({ token }) => {
      const { body } = must(200, await service.call('GET', '/v1/professionals/me/history?limit=100', { token }))
      if (body.nextCursor !== null) throw new Error('the burst is longer than a page')
      return (body.items as HistoryEntry[]).reverse()
    }),
  )
  // An entry that nobody was told of is one that its caller hung up on: a hand-over has its mark on it, and a reversal
  // is the one that was asked for of that hand-over.
  const unclaimed = operations.filter(({ outcome }) => outcome.kind === 'unknown').map(({ mark }) => mark)
  for (const { id, kind, lines } of histories.flat().filter((entry) => !ids.has(entry.id))) {
    const lot = lines[0]?.lot ?? ''
    const asked = (mark: string) => operations.some((each) => each.mark === mark && `hand-over ${lot}` in each.changes)
    const mark = kind === 'dispensation' ? lot : unclaimed.find(asked)
    if (mark !== undefined) unclaimed.splice(unclaimed.indexOf(mark), 1)
    ids.set(id, mark ?? id)
  }
  const entryOf = ({ id, kind, sequence, lines }: HistoryEntry) => {
    const quantity = lines[0]?.quantity ?? 0
    return { mark: ids.get(id) ?? id, kind, sequence, lot: lines[0]?.lot, quantity }
  }
  const entries = histories.map((history) => history.map(entryOf))
  return [
    ...entries.map((history, index): Thing => {
      const steps = history.map(({ mark, kind, sequence, quantity }) => ({
        mark,
        position: sequence,
        change: kind === 'reversal' ? -quantity : quantity,
      }))
      return {
        name: `entitlement of ${at(people, index).id}`,
        low: 0,
        high: CAP,
        room: 'up',
        start: 0,
        first: 1,
        steps,
      }
    }),
    ...entries.flatMap((history) =>
      history
        .filter(({ kind }) => kind === 'dispensation')
        .map(({ mark, quantity }): Thing => {
          const back = history.filter(({ kind, lot }) => kind === 'reversal' && lot === mark)
          const steps = back.map((reversal, index) => ({
            mark: reversal.mark,
            position: index + 1,
            change: reversal.quantity,
          }))
          return { name: `hand-over ${mark}`, low: 0, high: quantity, room: 'up', start: 0, first: 1, steps }
        }),
    ),
    ...(await Promise.all(places.map(({ finess }, index) => readShelf(service, ids, finess, at(versions, index))))),
  ]
}

async function readShelf({ db }: Service, ids: Map<string, string>, finess: string, version: number): Promise<Thing> {
  const movements = await rows<{ position: number; change: number; reference: string | null; entry: string | null }>(
    db,
    'movements_of_burst',
    sql`select version as position, change, reference, entry_id as entry from stock_movements
        where pharmacy = ${finess} and version > ${version}::int order by version`,
  )
  const steps = movements.map(({ position, change, reference, entry }) => ({
    mark: reference ?? ids.get(entry ?? '') ?? `entry ${entry}`,
    position,
    change,
  }))
  const high = Number.MAX_SAFE_INTEGER
  return { name: `shelf of ${finess}`, low: 0, high, room: 'down', start: COUNTED, first: version + 1, steps }
}
