import t from 'tap'
import { decideDispensation, type HandOver } from '../../src/domain/dispensation.ts'
import { type Counter, dispensationEffects, remainingAfterDispensation } from '../../src/domain/dispensation-effects.ts'
import type { NamedReservation } from '../../src/domain/named-reservations.ts'
import { pickupCode } from '../../src/domain/pickup-code.ts'
import { isRefusal } from '../../src/domain/refusals.ts'
import { reversalEffects } from '../../src/domain/reversal-effects.ts'
import { AT, exampleDraw, exampleHold, exampleShelf } from './example-effects.ts'
import { exampleRule } from './example-rule.ts'

const CODE = pickupCode(Buffer.alloc(5))
const own = exampleHold({ id: 'own', personId: 'doctor' })
const named: NamedReservation = { ...own, status: 'held', pickupCode: CODE, cancellationReason: null, endedAt: null }
const recorded = { professional: '10000000001', identityCheck: { method: 'cps_card' }, operator: 'till-1' }

/** A counter with a hundred masks, of which five are held for the doctor and three by a hold that has expired. */
function counter(changes: Partial<Counter> = {}): Counter {
  const expired = [exampleHold({ id: 'expired', quantity: 3, expiresAt: AT })]
  const person = {
    id: 'doctor',
    profession: '10',
    speciality: null,
    practiceTerritory: 'FR-31',
    practice: null,
    numbers: ['10000000001'],
  }
  return {
    facts: {
      entitlement: {
        ...{ at: AT, occurredAt: AT, territoryPath: ['FR-31', 'FR'], timeZone: 'Europe/Paris', receipts: [] },
        person: { ...person, status: 'active' },
        rules: [exampleRule()],
        holds: [own],
        countedWith: [],
      },
      ...{ reservations: [named], inactiveProducts: [], available: new Map([['surgical', 95]]) },
      ...{ pharmacy: 'here', overridesLeft: 0 },
    },
    head: { personId: 'doctor', seq: 4, entryHash: Buffer.alloc(32, 1) },
    shelves: [exampleShelf({ held: 8 })],
    expired,
    pharmacyTerritory: 'FR-32',
    ...changes,
  }
}

function handedOver(at: Counter, quantity: number, more: Partial<HandOver> = {}) {
  const lines = [{ product: 'surgical', quantity }]
  const asked = {
    lines,
    reservations: [{ id: 'own', pickupCode: CODE }],
    releaseHolds: false,
    override: false,
    ...more,
  }
  const grant = decideDispensation(at.facts, asked)
  if (isRefusal(grant)) throw new Error(grant.refused)
  return { grant, effects: dispensationEffects(at, grant, recorded, exampleDraw()) }
}

t.test('a hand-over collects what it names, sweeps what has expired, and takes its masks off the shelf', async (t) => {
  const { effects } = handedOver(counter(), 6)
  const [{ entry }] = effects.entries
  t.match(effects.shelves, [
    { before: { onHand: 100, held: 8, version: 7 }, after: { onHand: 94, held: 0, version: 9 } },
  ])
  t.match(effects.ended, [
    { id: 'expired', status: 'expired' },
    { id: 'own', status: 'collected', collectedQuantity: 5, collectedBy: entry.id },
  ])
  t.match(effects.movements, [{ kind: 'dispensation', change: -6, entryId: entry.id }])
  t.same(
    effects.events.map(({ type }) => type),
    ['reservation.expired', 'reservation.collected', 'dispensation.recorded'],
  )
})

t.test('a reservation that has expired is swept, not collected, although it is named', async (t) => {
  const late = { ...named, expiresAt: AT }
  const { facts } = counter()
  const entitlement = { ...facts.entitlement, holds: [] }
  const at = counter({
    facts: { ...facts, entitlement, reservations: [late] },
    shelves: [exampleShelf({ held: 5 })],
    expired: [late],
  })
  const { effects } = handedOver(at, 6)
  t.match(effects.ended, [{ id: 'own', status: 'expired' }])
  t.equal(effects.ended.length, 1, 'once')
  t.match(effects.shelves, [{ after: { onHand: 94, held: 0 } }])
})

t.test('its entry follows the head of the chain, and seals how each line was judged', async (t) => {
  const [{ entry, weights, professional }] = handedOver(counter(), 6).effects.entries
  t.match(entry, { personId: 'doctor', seq: 5, previousHash: Buffer.alloc(32, 1), recordedAt: AT })
  t.same(entry.territories, { practice: 'FR-31', pharmacy: 'FR-32' })
  const judged = { cap: 24, received: 0, held: 0 }
  t.match(weights, [{ effect: 6, countedAt: AT, judged, beyondCap: false }])
  t.match(JSON.parse(entry.payload.toString()), { professional, operator: 'till-1', judged: [judged] })
})

t.test('the same facts and draws have the same effects, to the last byte of the entry', async (t) => {
  t.same(handedOver(counter(), 6), handedOver(counter(), 6))
})

t.test('what is left counts the hand-over, and no more the holds that ended with it', async (t) => {
  const at = counter()
  const { grant } = handedOver(at, 6)
  t.same(remainingAfterDispensation(at, grant), [{ product: 'surgical', quantity: 18 }])
})

t.test('a hold that is released elsewhere is freed at its own pharmacy', async (t) => {
  const far = exampleHold({ id: 'own', personId: 'doctor', pharmacy: 'there' })
  const { facts } = counter()
  const entitlement = { ...facts.entitlement, holds: [far] }
  const at = counter({
    facts: { ...facts, entitlement, reservations: [] },
    shelves: [exampleShelf({ held: 3 }), exampleShelf({ pharmacy: 'there', held: 5 })],
  })
  const { effects } = handedOver(at, 20, { reservations: [], releaseHolds: true })
  t.match(effects.shelves, [{ after: { onHand: 80, held: 0 } }, { after: { pharmacy: 'there', onHand: 100, held: 0 } }])
  t.match(effects.ended.at(-1), { id: 'own', status: 'cancelled', cancellationReason: 'released', personId: 'doctor' })
})

t.test(
  'a reversal of a part brings that part back to its shelf, counts against it, and leaves the others alone',
  async (t) => {
    const rule = exampleRule()
    const window = { start: AT - 1, end: AT + 1 }
    const line = {
      quantity: 4,
      lot: null,
      ruleId: rule.id,
      window,
      timeZone: 'Europe/Paris',
      cap: 24,
      reversed: 0,
      rule,
    }
    const original = {
      ...{ id: 'first', pharmacy: 'here', at: AT, personId: 'doctor', professional: '10000000001', profession: '10' },
      ...{ occurredAt: AT - 60_000, recordedAt: AT - 60_000, practiceTerritory: null, pharmacyTerritory: 'FR-31' },
      lines: [
        { ...line, product: 'surgical' },
        { ...line, product: 'ffp2' },
      ],
    }
    const shelves = [exampleShelf({ onHand: 0 }), exampleShelf({ product: 'ffp2' })]
    const head = { personId: 'doctor', seq: 5, entryHash: null }
    const asked = { professional: '10000000001', kind: 'returned', operator: undefined } as const
    const back = reversalEffects(
      { head, original, shelves, entitlement: undefined },
      original.lines.slice(0, 1),
      asked,
      exampleDraw(),
    )
    t.match(back.shelves, [{ after: { product: 'surgical', onHand: 4 } }])
    t.equal(back.shelves.length, 1)
    t.match(back.entries, [
      { entry: { kind: 'reversal', refersTo: 'first' }, weights: [{ effect: -4, countedAt: AT - 60_000 }] },
    ])
    t.same(
      back.events.map(({ type }) => type),
      ['dispensation.reversed', 'stock.replenished'],
    )
  },
)
