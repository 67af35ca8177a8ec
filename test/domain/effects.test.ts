import t from 'tap'
import { availableOn, endedAs, endingEffects, reservationEffects } from '../../src/domain/effects.ts'
import { AT, exampleHold, exampleShelf } from './example-effects.ts'

const made = {
  ...{ id: 'new', personId: 'p', pharmacy: 'here', product: 'surgical', quantity: 5 },
  ...{ pickupCode: 'ABCD', label: 'KD4', distanceMetres: 300, from: AT, until: AT + 1 },
}

t.test('holds that end free the shelves that they lie on, and no other', async (t) => {
  const shelves = [
    exampleShelf({ held: 12 }),
    exampleShelf({ product: 'ffp2', held: 3 }),
    exampleShelf({ pharmacy: 'there', held: 8 }),
  ]
  const holds = [
    exampleHold({ id: 'a', quantity: 5 }),
    exampleHold({ id: 'b', quantity: 7 }),
    exampleHold({ id: 'c', pharmacy: 'there', quantity: 2 }),
  ]
  const effects = endingEffects(AT, shelves, endedAs(holds, { status: 'expired' }))
  t.same(
    effects.shelves.map(({ before, after }) => [before.pharmacy, before.held, after.held, after.version]),
    [
      ['here', 12, 0, 8],
      ['there', 8, 6, 8],
    ],
    'one version further each, the shelf of another product untouched',
  )
  t.same(
    effects.events.map(({ type, subject }) => [type, subject]),
    ['a', 'b', 'c'].map((id) => ['reservation.expired', id]),
  )
})

t.test(
  'a shelf that has something to give again is told as replenished, one that has nothing left as depleted',
  async (t) => {
    const held = exampleShelf({ onHand: 5, held: 5 })
    const freed = endingEffects(AT, [held], endedAs([exampleHold()], { status: 'expired' }))
    t.match(freed.events.at(-1), { type: 'stock.replenished', subject: 'here', ids: { product: 'surgical' } })

    const taken = reservationEffects({ shelf: exampleShelf({ onHand: 5 }), expired: [] }, made)
    t.match(taken.events.at(-1), { type: 'stock.depleted', subject: 'here', ids: { product: 'surgical' } })

    const others = reservationEffects({ shelf: exampleShelf({ onHand: 6 }), expired: [] }, made)
    t.notMatch(JSON.stringify(others.events), /stock/, 'no event where some are left')
  },
)

t.test('expired holds give way to a new reservation, which takes their place without a depletion', async (t) => {
  const swept = { shelf: exampleShelf({ onHand: 5, held: 5 }), expired: [exampleHold({ id: 'old' })] }
  t.equal(availableOn(swept), 5)
  const effects = reservationEffects(swept, made)
  t.match(effects, { made, ended: [{ id: 'old', status: 'expired' }], shelves: [{ after: { held: 5 } }] })
  t.same(
    effects.events.map(({ type }) => type),
    ['reservation.expired', 'reservation.created'],
  )
})
