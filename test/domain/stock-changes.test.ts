import t from 'tap'
import { isRefusal } from '../../src/domain/refusals.ts'
import { countEffects, decideCount, decideMovement, movementEffects } from '../../src/domain/stock-changes.ts'
import { AT, exampleDraw, exampleHold, exampleShelf } from './example-effects.ts'

const nobody = { since: 0, operator: undefined }
const older = exampleHold({ id: 'older', quantity: 4, createdAt: AT - 2 })
const newer = exampleHold({ id: 'newer', quantity: 4, createdAt: AT - 1 })
const shelf = exampleShelf({ onHand: 10, held: 8 })
const facts = { shelf, holds: [newer, older], at: AT }

t.test('a count ahead of the clock holds from now, and one older than the last is refused', async (t) => {
  t.same(decideCount(facts, { onHand: 3, countedAt: AT + 60_000 }), { onHand: 3, countedAt: AT })
  const counted = { ...facts, shelf: exampleShelf({ countedAt: AT - 1 }) }
  t.match(decideCount(counted, { onHand: 3, countedAt: AT - 2 }), { refused: 'stock_count_outdated' })
  t.notOk(isRefusal(decideCount(counted, { onHand: 3, countedAt: AT - 1 })), 'one of the same instant is taken')
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
  t.same(
    decideMovement({ ...swept, productActive: true }, { product: 'surgical', kind: 'transfer_out', quantity: 6 }),
    {
      change: -6,
    },
  )
  const declared = { id: 'it', kind: 'transfer_out', quantity: 6, change: -6, occurredAt: AT } as const
  const effects = movementEffects(swept, declared, undefined, exampleDraw())
  t.match(effects, { shelves: [{ after: { onHand: 4, held: 4 } }], ended: [{ id: 'newer', status: 'expired' }] })
})

t.test(
  'what is promised is not transferred; a loss is taken down to nothing; what came to an end comes in no more',
  async (t) => {
    const decide = (kind: 'loss' | 'delivery' | 'transfer_out', quantity: number, productActive = true) =>
      decideMovement({ ...facts, productActive }, { product: 'surgical', kind, quantity })
    t.match(decide('transfer_out', 3), { refused: 'stock_insufficient', facts: { available: 2 } })
    t.same(decide('loss', 50), { change: -10 })
    t.match(decide('delivery', 5, false), { refused: 'product_inactive' })
  },
)

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
