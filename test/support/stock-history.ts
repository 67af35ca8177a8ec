import { deepEqual } from 'node:assert/strict'
import { fc } from './seed.ts'

/**
 * What happens to one shelf, and how it gets to know. The facts of a history are in the order in which they occur, each
 * possible by those before it; they arrive late, and so in another order.
 */
export interface Fact {
  what: 'count' | 'delivery' | 'transfer_in' | 'return_to_supplier' | 'transfer_out' | 'loss' | 'hand-over'
  quantity: number
  /** By how many places later than it occurs it arrives. */
  late: number
  /** The time of something that comes in may be told by a clock that runs ahead. */
  isAhead: boolean
  /** How a hand-over is taken back later, if it is. */
  back: 'entry_error' | 'returned' | null
}

/** A shelf that facts are told to, at `place` in the order of occurrence; whoever tells it may be refused. */
export interface ToldShelf {
  count(quantity: number, place: number, arrival: number): Promise<Told & { isOutdated: boolean }>
  move(fact: Fact, place: number, arrival: number): Promise<(Told & { change: number }) | 'refused'>
  handOver(quantity: number, place: number, arrival: number): Promise<(Told & { id: string }) | 'refused'>
  reverse(id: string, kind: 'entry_error' | 'returned', arrival: number): Promise<Told>
  onHand(): Promise<number>
}

/** When something told occurred and was recorded. */
interface Told {
  occurredAt: number
  recordedAt: number
}

/** A fact as told: a count, or what came or, if negative, left. */
export type Known = { at: number } & ({ counted: number } | { moved: number })

const incoming = ['delivery', 'transfer_in']
const kinds = ['count', 'delivery', 'transfer_in', 'return_to_supplier', 'transfer_out', 'loss'] as const
const rawFact: fc.Arbitrary<Fact> = fc.record({
  what: fc.constantFrom(...kinds, 'count', 'delivery', 'hand-over', 'hand-over', 'hand-over'),
  quantity: fc.integer({ min: 0, max: 40 }),
  late: fc.oneof(fc.constant(0), fc.nat(12)),
  isAhead: fc.integer({ min: 0, max: 5 }).map((n) => n === 5),
  back: fc.constantFrom(null, 'entry_error', 'returned'),
})

/** Histories in which nothing leaves that is not there. */
export const histories: fc.Arbitrary<Fact[]> = fc
  .array(rawFact, { minLength: 1, maxLength: 12, size: 'max' })
  .map(possible)

function possible(raw: Fact[]): Fact[] {
  const facts: Fact[] = []
  let there = 0
  for (const fact of raw) {
    const isIn = incoming.includes(fact.what)
    const quantity = fact.what === 'count' || isIn ? fact.quantity : Math.min(fact.quantity, there)
    if (fact.what === 'count') there = quantity
    // By a clock that runs ahead it comes in when it arrives.
    else if (isIn) there += fact.isAhead ? 0 : quantity
    else there -= quantity
    if (quantity > 0 || fact.what === 'count') facts.push({ ...fact, quantity })
  }
  return facts
}

/** The definition: the newest count, of two at once the one told later, plus what occurred after it. */
export function onHandOf(known: readonly Known[]): number {
  let newest: { at: number; counted: number } = { at: Number.NEGATIVE_INFINITY, counted: 0 }
  for (const each of known) if ('counted' in each && each.at >= newest.at) newest = each
  return known.reduce((sum, each) => ('moved' in each && each.at > newest.at ? sum + each.moved : sum), newest.counted)
}

/**
 * Tells a shelf a history in the order of arrival, once more what it refused when all the rest is told, and holds what
 * it says is on hand against the definition after each fact. The order matters only where a fact contradicts what is
 * known when it arrives, a loss of more than is there, or a count of less than left since: `short` is by how much,
 * since the newest count. A shelf cannot hold less than nothing.
 */
export async function tell(shelf: ToldShelf, history: readonly Fact[]): Promise<{ known: Known[]; short: number }> {
  const told = { known: [] as Known[], short: 0 }
  const steps = history.flatMap((fact, place) => stepsOf(shelf, fact, place, told)).sort((a, b) => a.turn - b.turn)
  let waiting = steps.map(({ turn, send }) => ({ turn, send }))
  for (let arrival = 0; waiting.length > 0; ) {
    const refused: typeof waiting = []
    for (const step of waiting) {
      arrival = Math.max(arrival + 0.001, step.turn)
      if (!(await step.send(arrival))) refused.push(step)
      deepEqual(await shelf.onHand(), onHandOf(told.known) + told.short)
    }
    if (refused.length === waiting.length) throw new Error('what is possible is refused for ever')
    waiting = refused
  }
  return told
}

type Step = { turn: number; send(arrival: number): Promise<boolean> }

function stepsOf(shelf: ToldShelf, fact: Fact, place: number, told: { known: Known[]; short: number }): Step[] {
  const { known } = told
  const turn = place + fact.late + 0.5 + place / 1_000
  const learn = (each: Known) => known.push(each)
  if (fact.what === 'count') {
    const send = async (arrival: number) => {
      const taken = await shelf.count(fact.quantity, place, arrival)
      learn({ at: effective(taken), counted: fact.quantity })
      if (!taken.isOutdated) told.short = Math.max(0, -onHandOf(known))
      return true
    }
    return [{ turn, send }]
  }
  if (fact.what === 'hand-over') return handOver(shelf, { ...fact, place, turn }, learn)
  const moved = incoming.includes(fact.what) ? fact.quantity : -fact.quantity
  const send = async (arrival: number) => {
    const taken = await shelf.move(fact, place, arrival)
    if (taken === 'refused') return false
    learn({ at: effective(taken), moved })
    told.short += taken.change - moved
    return true
  }
  return [{ turn, send }]
}

function handOver(
  shelf: ToldShelf,
  { quantity, back, place, turn, late }: Fact & { place: number; turn: number },
  learn: (known: Known) => void,
): Step[] {
  let made: (Told & { id: string }) | undefined
  const send = async (arrival: number) => {
    const taken = await shelf.handOver(quantity, place, arrival)
    if (taken === 'refused') return false
    made = taken
    learn({ at: effective(taken), moved: -quantity })
    return true
  }
  const takeBack = async (arrival: number) => {
    if (!made || !back) return false
    const { recordedAt } = await shelf.reverse(made.id, back, arrival)
    // The masks of a slip never left.
    learn({ at: back === 'returned' ? recordedAt : effective(made), moved: quantity })
    return true
  }
  return back
    ? [
        { turn, send },
        { turn: turn + (late % 5) + 0.2, send: takeBack },
      ]
    : [{ turn, send }]
}

// Whatever is recorded has occurred by then.
function effective({ occurredAt, recordedAt }: Told): number {
  return Math.min(occurredAt, recordedAt)
}
