import t from 'tap'
import { invariantsHold } from '../support/invariants.ts'
import { seed } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { makeWorld } from '../support/world.ts'
import { faultsOf, type History, type Operation, type Thing } from './history-checker.ts'
import { at } from './reality.ts'
import { recordBurst } from './recorder.ts'

const service = await startService(t)
const world = await makeWorld(service, null)
const recorded = await recordBurst(service, world, seed)

t.test('sixteen callers at once leave a history that a service for one caller at a time could have made', async (t) => {
  t.comment(`seed ${seed}: ${JSON.stringify(tallyOf(recorded))}`)
  t.same(faultsOf(recorded), [])
  for (const kind of ['done', 'refused', 'unknown'] as const)
    t.ok(
      recorded.operations.some(({ outcome }) => outcome.kind === kind),
      `some are ${kind}`,
    )
  await invariantsHold(t, service.db)
})

t.test('a fault planted in that history is found', async (t) => {
  const plant = (title: string, expected: RegExp, spoil: (history: History) => void) => {
    const history = structuredClone(recorded)
    spoil(history)
    t.match(faultsOf(history).join('\n'), expected, title)
  }
  plant('an acknowledged hand-over that is gone', /done, and found 0 times/, (history) => {
    const { steps } = busiest(history)
    steps.splice(
      steps.findIndex(({ mark }) => outcomeOf(history, mark) === 'done'),
      1,
    )
  })
  plant('a gap in the sequence', /a gap or a repetition/, (history) => {
    for (const step of busiest(history).steps.slice(3)) step.position += 1
  })
  plant('a place that two of them have', /a gap or a repetition/, (history) => {
    const { steps } = busiest(history)
    at(steps, 4).position = at(steps, 3).position
  })
  plant('more than the cap', /out of bounds after/, (history) => {
    const thing = busiest(history)
    thing.high = Math.max(...runningSums(thing)) - 1
  })
  plant('a hand-over of more than was asked for', /is not what was asked for/, (history) => {
    at(busiest(history).steps, 0).change += 1
  })
  plant('one that nobody asked for', /nobody asked for stray/, (history) => {
    const { steps } = busiest(history)
    steps.push({ mark: 'stray', position: steps.length + 1, change: 1 })
  })
  plant('one that was refused and is there', /was refused and is there/, (history) => {
    const thing = busiest(history)
    const refused = history.operations.find((each) => each.outcome.kind === 'refused' && thing.name in each.changes)
    thing.steps.push({
      mark: refused?.mark ?? '',
      position: thing.steps.length + 1,
      change: refused?.changes[thing.name] ?? 0,
    })
  })
  plant('one that comes before what was over when it was called', /and comes after it/, (history) => {
    const { steps } = busiest(history)
    const [first, last] = [at(steps, 0), at(steps, steps.length - 1)]
    ;[first.position, last.position] = [last.position, first.position]
  })
  plant('an answer with another place', /was told another position/, (history) => {
    const said = saidOf(history, busiest(history))
    said.position = (said.position ?? 0) + 1
  })
  plant('an answer with another room', /were left, not/, (history) => {
    const said = saidOf(history, busiest(history))
    said.room = (said.room ?? 0) + 1
  })
  plant('a refusal when there was room', /was refused when there was room/, (history) => {
    const { name } = busiest(history)
    const before = Math.min(...history.operations.map(({ called }) => called))
    history.operations.push({
      mark: 'early',
      called: before - 2,
      answered: before - 1,
      changes: { [name]: 1 },
      outcome: { kind: 'refused', thing: name },
    })
  })
  plant('a refusal with another room', /not the room that was said/, (history) => {
    const { outcome } = history.operations.find((each) => each.outcome.kind === 'refused') ?? {}
    if (outcome?.kind === 'refused') outcome.room = 1_000
  })
  plant('half of what was acknowledged', /done, and found .*0 times/, (history) => {
    const shelf = history.things.find(({ name }) => name.startsWith('shelf'))
    shelf?.steps.splice(
      shelf.steps.findIndex(({ mark }) => outcomeOf(history, mark) === 'done'),
      1,
    )
  })
})

t.test('an answer that never came may stand for something done or for nothing', async (t) => {
  const { steps } = busiest(recorded)
  const last = at(
    steps.toSorted((a, b) => a.position - b.position),
    steps.length - 1,
  )
  const hungUp = structuredClone(recorded)
  Object.assign(operationOf(hungUp, last.mark), { answered: Number.POSITIVE_INFINITY, outcome: { kind: 'unknown' } })
  t.same(faultsOf(hungUp), [], 'it was done')
  const lost: Operation = {
    mark: 'lost',
    called: 0,
    answered: Number.POSITIVE_INFINITY,
    changes: {},
    outcome: { kind: 'unknown' },
  }
  lost.changes[busiest(recorded).name] = 1
  t.same(faultsOf({ ...recorded, operations: [...recorded.operations, lost] }), [], 'or not')
})

t.test('a refusal is right at any instant of its interval, and at no other', async (t) => {
  // Room for 10: a takes all of it between 0 and 10, b gives it back between 20 and 30.
  const call = (mark: string, called: number, answered: number, change: number): Operation => ({
    mark,
    called,
    answered,
    changes: { cap: change },
    outcome: { kind: 'done', said: {} },
  })
  const refused = (called: number, answered: number): string[] => {
    const outcome = { kind: 'refused', thing: 'cap', room: 0 } as const
    const operations = [call('a', 0, 10, 10), call('b', 20, 30, -10), { ...call('c', called, answered, 1), outcome }]
    const steps = [
      { mark: 'a', position: 1, change: 10 },
      { mark: 'b', position: 2, change: -10 },
    ]
    const thing: Thing = { name: 'cap', low: 0, high: 10, room: 'up', start: 0, first: 1, steps }
    return faultsOf({ operations, things: [thing] })
  }
  t.same(refused(12, 18), [], 'while all was taken')
  t.same(refused(0, 1), [], 'when it may have been taken already')
  t.same(refused(29, 40), [], 'when it may not yet have been given back')
  t.same(refused(-5, 50), [], 'at some instant in between')
  t.equal(refused(-5, -1).length, 1, 'before anything was taken')
  t.equal(refused(31, 40).length, 1, 'after it was given back')
})

/** The entitlement that was drawn on the most often. */
function busiest({ things }: History): Thing {
  const entitlements = things.filter(({ name }) => name.startsWith('entitlement'))
  return at(
    entitlements.toSorted((a, b) => b.steps.length - a.steps.length),
    0,
  )
}

function runningSums({ steps, start }: Thing): number[] {
  let value = start
  return steps.toSorted((a, b) => a.position - b.position).map(({ change }) => (value += change))
}

function operationOf({ operations }: History, mark: string): Operation {
  return at(
    operations.filter((operation) => operation.mark === mark),
    0,
  )
}

function outcomeOf(history: History, mark: string): string {
  return operationOf(history, mark).outcome.kind
}

/** What the first acknowledged call on a thing was told of it. */
function saidOf(history: History, { name, steps }: Thing): { position?: number; room?: number } {
  for (const { mark } of steps) {
    const { outcome } = operationOf(history, mark)
    const said = outcome.kind === 'done' ? outcome.said[name] : undefined
    if (said) return said
  }
  throw new Error(`nobody was told anything of ${name}`)
}

function tallyOf({ operations }: History): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of operations) {
    const name = outcome.kind === 'refused' ? `refused: ${outcome.thing.split(' ')[0]}` : outcome.kind
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
