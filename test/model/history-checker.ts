/**
 * Holds a recorded history of concurrent calls against what was made of them. Every change of one thing (a
 * professional's use of the entitlement, a shelf, what was taken back of a dispensation) has a place in that thing's
 * order, so that nothing has to be searched for: the checks are sums over a sort.
 */

/** One call, from before it was sent until after its answer was read, on one monotonic clock. */
export interface Operation {
  /** Written into whatever the call makes. No two calls share one. */
  mark: string
  called: number
  /** Infinity where the answer never came: what was asked for may have been done, at any time since, or not. */
  answered: number
  /** What was asked for: by how much each thing would change. */
  changes: Record<string, number>
  outcome: Outcome
}

/** What the answer said: of each thing its place in the order and the room that was left, as far as it said so. */
export type Outcome =
  | { kind: 'done'; said: Record<string, { position?: number; room?: number }> }
  /** `thing` had too little room for the change; the answer may say how much. */
  | { kind: 'refused'; thing: string; room?: number }
  | { kind: 'unknown' }

/**
 * What became of one thing: its value starts at `start`, at position `first - 1`, and must stay within low and high.
 */
export interface Thing {
  name: string
  low: number
  high: number
  /** What answers call the room: how far it is up to `high`, or down to `low`. */
  room: 'up' | 'down'
  start: number
  first: number
  steps: { mark: string; position: number; change: number }[]
}

export interface History {
  operations: Operation[]
  things: Thing[]
}

/** The faults of a history, a line each; none where it is one that a service without faults could have had. */
export function faultsOf({ operations, things }: History): string[] {
  const byMark = new Map(operations.map((operation) => [operation.mark, operation]))
  const sorted = things.map((thing) => ({ ...thing, steps: thing.steps.toSorted((a, b) => a.position - b.position) }))
  return [
    ...sorted.flatMap((thing) => [
      ...orderFaults(thing),
      ...originFaults(thing, byMark),
      ...timeFaults(thing, byMark),
      ...roomFaults(thing, byMark),
    ]),
    ...operations.flatMap((operation) => lossFaults(operation, sorted)),
    ...operations.flatMap((operation) => refusalFaults(operation, sorted, byMark)),
  ]
}

// Positions follow one another without a gap, and the running sum keeps within its bounds.
function orderFaults({ name, steps, first, start, low, high }: Thing): string[] {
  const gaps = steps.filter(({ position }, index) => position !== first + index)
  const values = valuesOf({ steps, start })
  const beyond = steps.filter((_, index) => outside(values[index + 1], low, high))
  return [
    ...gaps.slice(0, 1).map(({ mark, position }) => `${name}: a gap or a repetition before ${position} (${mark})`),
    ...beyond.map(({ mark, position }) => `${name}: out of bounds after ${position} (${mark})`),
  ]
}

// Every step was asked for, as it is, by a call that was not refused.
function originFaults({ name, steps }: Thing, byMark: Map<string, Operation>): string[] {
  return steps.flatMap(({ mark, change }) => {
    const operation = byMark.get(mark)
    if (!operation) return [`${name}: nobody asked for ${mark}`]
    if (operation.outcome.kind === 'refused') return [`${name}: ${mark} was refused and is there`]
    return operation.changes[name] === change ? [] : [`${name}: ${mark} is not what was asked for`]
  })
}

// A call that was answered before another was made comes before it.
function timeFaults({ name, steps }: Thing, byMark: Map<string, Operation>): string[] {
  let latestCall = { called: Number.NEGATIVE_INFINITY, mark: '' }
  return steps.flatMap(({ mark }) => {
    const operation = byMark.get(mark)
    if (!operation) return []
    const fault = operation.answered < latestCall.called
    const earlier = latestCall.mark
    if (operation.called > latestCall.called) latestCall = operation
    return fault ? [`${name}: ${mark} was answered before ${earlier} was called, and comes after it`] : []
  })
}

// What the answer said of the thing is what the thing was.
function roomFaults(thing: Thing, byMark: Map<string, Operation>): string[] {
  const values = valuesOf(thing)
  return thing.steps.flatMap(({ mark, position }, index) => {
    const outcome = byMark.get(mark)?.outcome
    const said = outcome?.kind === 'done' ? outcome.said[thing.name] : undefined
    const room = roomOf(thing, values[index + 1])
    return [
      ...(said?.position === undefined || said.position === position
        ? []
        : [`${thing.name}: ${mark} was told another position`]),
      ...(said?.room === undefined || said.room === room
        ? []
        : [`${thing.name}: ${mark} was told ${said.room} were left, not ${room}`]),
    ]
  })
}

// What was acknowledged is there, once, on everything that it changes.
function lossFaults({ mark, changes, outcome }: Operation, things: readonly Thing[]): string[] {
  if (outcome.kind === 'refused') return []
  const found = Object.keys(changes).map((name) => ({
    name,
    times: things.find((thing) => thing.name === name)?.steps.filter((step) => step.mark === mark).length ?? 0,
  }))
  const whole = found.every(({ times }) => times === 1)
  const nothing = found.every(({ times }) => times === 0)
  if (whole || (nothing && outcome.kind === 'unknown')) return []
  return [
    `${mark}: ${outcome.kind}, and found ${found.map(({ name, times }) => `${times} times on ${name}`).join(', ')}`,
  ]
}

// A refusal is right when the room was too small, and as small as was said, at some instant while the call was under
// way.
function refusalFaults(
  { mark, called, answered, changes, outcome }: Operation,
  things: readonly Thing[],
  byMark: Map<string, Operation>,
): string[] {
  if (outcome.kind !== 'refused') return []
  const thing = things.find(({ name }) => name === outcome.thing)
  const change = changes[outcome.thing]
  if (!thing || change === undefined) return [`${mark}: refused for ${outcome.thing}, which it would not change`]
  const calls = thing.steps.map((step) => byMark.get(step.mark))
  const isRight = valuesOf(thing).some((value, index) => {
    // After `index` steps: not before all of them were called, and not after the next one was answered.
    const since = Math.max(Number.NEGATIVE_INFINITY, ...calls.slice(0, index).map((call) => call?.called ?? 0))
    const until = Math.min(Number.POSITIVE_INFINITY, ...calls.slice(index).map((call) => call?.answered ?? 0))
    const isTooMuch = outside(value + change, thing.low, thing.high)
    const isAsSaid = outcome.room === undefined || outcome.room === roomOf(thing, value)
    return since <= answered && until >= called && isTooMuch && isAsSaid
  })
  return isRight ? [] : [`${thing.name}: ${mark} was refused when there was room, or not the room that was said`]
}

/** The value before the first step, and after each. */
function valuesOf({ steps, start }: Pick<Thing, 'steps' | 'start'>): number[] {
  let value = start
  return [start, ...steps.map(({ change }) => (value += change))]
}

function roomOf({ low, high, room }: Thing, value = Number.NaN): number {
  return Math.max(0, room === 'up' ? high - value : value - low)
}

function outside(value = Number.NaN, low: number, high: number): boolean {
  return !(value >= low && value <= high)
}
