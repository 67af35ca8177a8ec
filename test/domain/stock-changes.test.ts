import t from 'tap'
import { isRefusal } from '../../src/domain/refusals.ts'
import {
  countEffects,
  type DeclaredKind,
  decideCount,
  decideMovement,
  movementEffects,
} from '../../src/domain/stock-changes.ts'
import { AT, exampleDraw, exampleHold, exampleShelf } from './example-effects.ts'

const nobody = { since: 0, operator: undefined }
const older = exampleHold({ id: 'older', quantity: 4, createdAt: AT - 2 })
const newer = exampleHold({ id: 'newer', quantity: 4, createdAt: AT - 1 })
const shelf = exampleShelf({ onHand: 10, held: 8 })
const facts = { shelf, holds: [newer, older], at: AT }

t.test('a count ahead of the clock holds from now, and one older than the last is refused', async (t) => {
  t.same(decideCount(facts, { onHand: 3, countedAt: AT + 60_000 }, nobody), { onHand: 3, countedAt: AT })
  const counted = { ...facts, shelf: exampleShelf({ countedAt: AT - 1 }) }
  t.match(decideCount(counted, { onHand: 3, countedAt: AT - 2 }, nobody), { refused: 'stock_count_outdated' })
  t.notOk(isRefusal(decideCount(counted, { onHand: 3, countedAt: AT - 1 }, nobody)), 'one of the same instant is taken')
})

t.test('a count that leaves too little cancels the newest reservations until the others fit', async (t) => {
  const effects = countEffects(facts, { onHand: 6, countedAt: AT }, nobody, exampleDraw())
  t.match(effects.shelves, [{ after: { onHand: 6, held: 4, countedAt: AT } }])
  t.match(effects.ended, [{ id: 'newer', status: 'cancelled', cancellationReason: 'stock_shortfall' }])
  t.equal(effects.ended.length, 1)
  t.same(
    effects.events.map(({ type }) => type),
    ['stock.declared', 'reservation.cancelled'],
  )
})

t.test('holds that have expired end with any change, and count as given back before it', async (t) => {
  const old = { ...newer, expiresAt: AT }
  const swept = { ...facts, holds: [older, old] }
  const asked = { product: 'surgical', kind: 'transfer_out', quantity: 6, occurredAt: AT } as const
  t.same(decideMovement({ ...swept, productActive: true }, asked), { change: -6 })
  const declared = { id: 'it', kind: 'transfer_out', quantity: 6, change: -6, occurredAt: AT } as const
  const effects = movementEffects(swept, declared, undefined, exampleDraw())
  t.match(effects, { shelves: [{ after: { onHand: 4, held: 4 } }], ended: [{ id: 'newer', status: 'expired' }] })
})

t.test(
  'what is promised is not transferred; a loss is taken down to nothing; what came to an end comes in no more',
  async (t) => {
    const decide = (kind: 'loss' | 'delivery' | 'transfer_out', quantity: number, productActive = true) =>
      decideMovement({ ...facts, productActive }, { product: 'surgical', kind, quantity, occurredAt: AT })
    t.match(decide('transfer_out', 3), { refused: 'stock_insufficient', facts: { available: 2 } })
    t.same(decide('loss', 50), { change: -10 })
    t.match(decide('delivery', 5, false), { refused: 'product_inactive' })
  },
)

t.test('what the newest count has seen is taken whole, whatever is on the shelf today', async (t) => {
  const counted = { shelf: exampleShelf({ onHand: 10, held: 8, countedAt: AT - 1 }), holds: [older, newer], at: AT }
  const decide = (kind: DeclaredKind, occurredAt: number, productActive = true) =>
    decideMovement({ ...counted, productActive }, { product: 'surgical', kind, quantity: 50, occurredAt })
  for (const kind of ['transfer_out', 'return_to_supplier', 'loss'] as const) {
    t.same(decide(kind, AT - 1), { change: -50 }, kind)
    const declared = { id: 'it', kind, quantity: 50, change: -50, occurredAt: AT - 1 }
    const effects = movementEffects(counted, declared, undefined, exampleDraw())
    t.match(effects.shelves, [{ after: { onHand: 10, held: 8 } }])
    t.same(effects.ended, [])
  }
  t.same(decide('delivery', AT - 1, false), { change: 50 }, 'what came in while it was distributed')
  t.match(decide('transfer_out', AT), { refused: 'stock_insufficient' }, 'but not what came after the count')
  t.same(decide('loss', AT), { change: -10 })
})

t.test('a movement that a count has seen is taken back by an equal one, with an id of its own', async (t) => {
  const counted = { shelf: exampleShelf({ countedAt: AT }), holds: [], at: AT }
  const declared = { id: 'it', kind: 'delivery', quantity: 5, change: 5, occurredAt: AT - 1, lot: 'L1' } as const
  const effects = movementEffects(counted, declared, 'till-1', exampleDraw())
  t.match(effects.movements, [
    { id: 'it', kind: 'delivery', change: 5, lot: 'L1' },
    { id: 'drawn-1', kind: 'count_absorbed', change: -5, lot: undefined },
  ])
  t.match(effects.shelves, [{ after: { onHand: 100 } }])
})
