import { deepEqual } from 'node:assert/strict'
import t from 'tap'
import { decideDispensation } from '../../src/domain/dispensation.ts'
import { type Counter, dispensationEffects } from '../../src/domain/dispensation-effects.ts'
import { availableOn, type Effects, type RecordedMovement } from '../../src/domain/effects.ts'
import { isRefusal } from '../../src/domain/refusals.ts'
import type { Original } from '../../src/domain/reversal.ts'
import { reversalEffects } from '../../src/domain/reversal-effects.ts'
import { isCounted, type Shelf } from '../../src/domain/shelf.ts'
import { countEffects, decideCount, decideMovement, movementEffects } from '../../src/domain/stock-changes.ts'
import { fc } from '../support/seed.ts'
import { histories, type Known, onHandOf, type ToldShelf, tell } from '../support/stock-history.ts'
import { AT, exampleDraw, exampleShelf } from './example-effects.ts'
import { exampleRule } from './example-rule.ts'

const HOUR = 3_600_000
const AHEAD = 100 * HOUR
const timeOf = (place: number) => AT + place * HOUR
const rule = exampleRule({ cap: 1_000_000, window: { kind: 'once' } })
const person = {
  id: 'doctor',
  profession: '10',
  speciality: null,
  practiceTerritory: 'FR-31',
  practice: null,
  numbers: ['10000000001'],
}
const head = { personId: 'doctor', seq: 0, entryHash: null }
const by = { professional: '10000000001', operator: undefined }

/** A shelf in memory, moved by the decisions and effects of the domain. */
function shelfInMemory(): ToldShelf & { movements: RecordedMovement[] } {
  const draw = exampleDraw()
  const kept: { movement: RecordedMovement; recordedAt: number }[] = []
  const originals = new Map<string, Original>()
  let shelf: Shelf = exampleShelf({ onHand: 0 })
  const write = ({ shelves, movements }: Effects, recordedAt: number) => {
    shelf = shelves[0]?.after ?? shelf
    kept.push(...movements.map((movement) => ({ movement, recordedAt })))
  }
  const since = (time: number) =>
    kept
      .filter(({ movement, recordedAt }) => movement.occurredAt > time && recordedAt > time)
      .reduce((sum, { movement: { kind, quantity, change } }) => sum + (kind === 'loss' ? -quantity : change), 0)
  return {
    get movements() {
      return kept.map(({ movement }) => movement)
    },
    onHand: async () => shelf.onHand,
    async count(onHand, place, arrival) {
      const facts = { shelf, holds: [], at: timeOf(arrival) }
      const moved = { since: since(timeOf(place)), operator: undefined }
      const counted = decideCount(facts, { onHand, countedAt: timeOf(place) }, moved)
      const isOutdated = isRefusal(counted)
      if (!isOutdated) write(countEffects(facts, counted, moved, draw), facts.at)
      return { isOutdated, occurredAt: timeOf(place), recordedAt: facts.at }
    },
    async move({ what, quantity, isAhead }, place, arrival) {
      if (what === 'count' || what === 'hand-over') throw new Error('is no movement')
      const facts = { shelf, holds: [], at: timeOf(arrival) }
      const isIn = what === 'delivery' || what === 'transfer_in'
      const occurredAt = isAhead && isIn ? facts.at + AHEAD : timeOf(place)
      const declared = { product: shelf.product, kind: what, quantity, occurredAt }
      const decided = decideMovement({ ...facts, productActive: true }, declared)
      if (isRefusal(decided)) return 'refused'
      write(movementEffects(facts, { ...declared, ...decided, id: draw.id() }, undefined, draw), facts.at)
      return { ...decided, occurredAt, recordedAt: facts.at }
    },
    async handOver(quantity, place, arrival) {
      const counter = counterOf(shelf, timeOf(place), timeOf(arrival))
      const lines = [{ product: shelf.product, quantity }]
      const grant = decideDispensation(counter.facts, { lines, reservations: [], releaseHolds: false, override: false })
      if (isRefusal(grant)) return 'refused'
      const effects = dispensationEffects(counter, grant, { ...by, identityCheck: { method: 'cps_card' } }, draw)
      const [{ entry }] = effects.entries
      const { recordedAt, occurredAt, id } = entry
      write(effects, recordedAt)
      const cited = { cap: rule.cap, reversed: 0, rule }
      const { personId } = entry
      originals.set(id, {
        ...{ id, at: recordedAt, recordedAt, occurredAt, personId, pharmacy: 'here', professional: by.professional },
        ...{ profession: '10', practiceTerritory: null, pharmacyTerritory: 'FR-31' },
        lines: entry.lines.map((line) => ({ ...line, ...cited })),
      })
      return { id, occurredAt, recordedAt }
    },
    async reverse(id, kind, arrival) {
      const original = originals.get(id)
      if (!original) throw new Error('is not there')
      const at = timeOf(arrival)
      const reversed = { head, original: { ...original, at }, shelves: [shelf], entitlement: undefined }
      write(reversalEffects(reversed, original.lines, { ...by, kind }, draw), at)
      return { occurredAt: at, recordedAt: at }
    },
  }
}

function counterOf(shelf: Shelf, occurredAt: number, at: number): Counter {
  const available = isCounted(shelf, occurredAt, at)
    ? []
    : [[shelf.product, availableOn({ shelf, expired: [] })] as const]
  return {
    facts: {
      entitlement: {
        ...{
          at,
          occurredAt,
          territoryPath: ['FR'],
          timeZone: 'Europe/Paris',
          receipts: [],
          holds: [],
          countedWith: [],
          rules: [rule],
        },
        person: { ...person, status: 'active' },
      },
      ...{ reservations: [], inactiveProducts: [], available: new Map(available), pharmacy: 'here', overridesLeft: 0 },
    },
    ...{ head, shelves: [shelf], expired: [], pharmacyTerritory: 'FR-31' },
  }
}

/** What a shelf ends with that is told the facts when they occur. */
async function replayed(known: readonly Known[]): Promise<number> {
  const shelf = shelfInMemory()
  for (const fact of known.toSorted((a, b) => a.at - b.at)) {
    const place = (fact.at - AT) / HOUR
    if ('counted' in fact) await shelf.count(fact.counted, place, place)
    else {
      const what = fact.moved > 0 ? ('delivery' as const) : ('transfer_out' as const)
      const moved = { what, quantity: Math.abs(fact.moved), late: 0, isAhead: false, back: null }
      const taken = await shelf.move(moved, place, place)
      if (taken === 'refused') throw new Error('in the order of occurrence nothing is refused')
    }
  }
  return shelf.onHand()
}

t.test('facts that arrive in any order end with the stock that a replay in their order ends with', async (t) => {
  const runs = { exact: 0, short: 0 }
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const shelf = shelfInMemory()
      const { known, short } = await tell(shelf, history)
      const replay = await replayed(known)
      deepEqual(replay, onHandOf(known))
      deepEqual(await shelf.onHand(), replay + short)
      deepEqual(
        shelf.movements.reduce((sum, { change }) => sum + change, 0),
        replay + short,
      )
      runs[short === 0 ? 'exact' : 'short'] += 1
    }),
    { numRuns: 3_000 },
  )
  t.comment(`${runs.exact} runs ended exactly, ${runs.short} with a contradiction`)
  t.ok(runs.exact > runs.short)
})
