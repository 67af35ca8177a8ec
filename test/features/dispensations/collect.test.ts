import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { eventsOn, letExpire, refusalsOn } from '../../support/records.ts'
import { seededUuid } from '../../support/seed.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t, { MAX_LIVE_HOLDS: 10 })
const { call, db } = service
const world = await makeWorld(service, 100)

interface Hold {
  id: string
  pickupCode: string
}

/** A pharmacy with 50 masks of each product and a professional. */
async function counter(n: number) {
  const place = await world.pharmacy(n)
  const nurse = await world.professional(n)
  for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 50, product))
  const hold = async (quantity: number, product = 'surgical', token = nurse.token): Promise<Hold> =>
    must(201, await world.reserve(token, { product, quantity, pharmacy: place.finess })).body
  const collect = (quantity: number, named: Hold[], more: object = {}) =>
    world.dispense(place, nurse.id, quantity, {
      reservations: named.map(({ id, pickupCode }) => ({ id, pickupCode })),
      ...more,
    })
  const read = async ({ id }: Hold) => (await call('GET', `/v1/reservations/${id}`, { token: nurse.token })).body
  const level = async () =>
    (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body.items[1]
  return { place, nurse, hold, collect, read, level }
}

t.test('201: a hold is collected, its masks leave the shelf, and the entry names it', async (t) => {
  const { hold, collect, read, level } = await counter(1)
  const made = await hold(10)
  const answer = await collect(10, [made])
  t.match(answer, {
    status: 201,
    body: { reservations: [{ id: made.id, outcome: 'collected' }], remaining: [{ quantity: 90 }] },
  })
  t.match(await read(made), { status: 'collected', collectedQuantity: 10 })
  t.match(await level(), { onHand: 40, held: 0, available: 40 })
  t.strictSame(await eventsOn(db, made.id), ['reservation.created', 'reservation.collected'])
})

t.test('201: collecting any part ends the hold and frees the rest', async (t) => {
  const { hold, collect, read, level } = await counter(2)
  const made = await hold(10)
  t.match(await collect(4, [made]), { status: 201, body: { remaining: [{ quantity: 96 }] } })
  t.match(await read(made), { status: 'collected', quantity: 10, collectedQuantity: 4 })
  t.match(await level(), { onHand: 46, held: 0, available: 46 })
})

t.test('201: what the lines ask beyond the hold is served from free stock', async (t) => {
  const { hold, collect, read, level } = await counter(3)
  const [made, second] = [await hold(10), await hold(5)]
  t.equal((await collect(40, [made, second])).status, 201)
  t.match(await read(made), { collectedQuantity: 10 })
  t.match(await read(second), { collectedQuantity: 5 })
  t.match(await level(), { onHand: 10, held: 0 })
})

t.test('409 stock_insufficient: beyond the hold, others’ holds are no free stock, and nothing is done', async (t) => {
  const { place, hold, collect, read, level } = await counter(4)
  const colleague = await world.professional(40)
  const made = await hold(10)
  await hold(30, 'surgical', colleague.token)
  t.match(await collect(21, [made]), { status: 409, body: { code: 'stock_insufficient', available: 20 } })
  t.match(await read(made), { status: 'held' })
  t.match(await level(), { onHand: 50, held: 40 })
  t.equal((await collect(20, [made])).status, 201)
  t.match(await level(), { onHand: 30, held: 30 })
  t.match(await world.dispense(place, colleague.id, 0, { lines: [{ product: 'ffp2', quantity: 50 }] }), { status: 201 })
})

t.test('201: an expired hold counts as a walk-in, whether or not a job has run', async (t) => {
  const { hold, collect, read } = await counter(5)
  const made = await hold(10)
  await letExpire(db, made.id)
  t.match(await collect(10, [made]), { status: 201, body: { reservations: [{ id: made.id, outcome: 'expired' }] } })
  t.match(await read(made), { status: 'expired' })
  t.match(await collect(10, [made]), { status: 201, body: { reservations: [{ outcome: 'expired' }] } }, 'swept by now')
})

t.test('the hold that is collected does not stand in its own way', async (t) => {
  const { hold, collect } = await counter(6)
  const made = await hold(50)
  const second = await hold(50, 'ffp2')
  t.match(await collect(50, [made]), { status: 201, body: { remaining: [{ quantity: 0 }] } })
  t.match(await collect(0, [second], { lines: [{ product: 'ffp2', quantity: 50 }] }), { status: 201 })
})

t.test('409 pickup_code_wrong: nothing is done, and the right code is taken as people type it', async (t) => {
  const { nurse, hold, collect, read } = await counter(7)
  const made = await hold(10)
  t.match(await collect(10, [{ ...made, pickupCode: '0000-0000' }]), {
    status: 409,
    body: { code: 'pickup_code_wrong' },
  })
  t.match(await read(made), { status: 'held' })
  t.match(await refusalsOn(db, nurse.id), [{ verb: 'dispensation', code: 'pickup_code_wrong' }])
  const typed = made.pickupCode.toLowerCase().replace('-', '')
  t.equal((await collect(10, [{ ...made, pickupCode: typed }])).status, 201)
})

t.test(
  '409 pickup_code_wrong: another professional’s, whatever the code, so that nobody finds out whose',
  async (t) => {
    const { hold, collect } = await counter(80)
    const colleague = await world.professional(81)
    const [theirs, own] = [await hold(5, 'surgical', colleague.token), await hold(5)]
    const wrong = { pickupCode: '0000-0000' }
    const [right, guessed, mistyped] = [
      await collect(5, [theirs]),
      await collect(5, [{ ...theirs, ...wrong }]),
      await collect(5, [{ ...own, ...wrong }]),
    ]
    t.match(right, { status: 409, body: { code: 'pickup_code_wrong' } })
    const answer = ({ status, body: { code, title, detail } }: typeof right) => ({ status, code, title, detail })
    t.strictSame(answer(guessed), answer(right))
    t.strictSame(answer(mistyped), answer(right))
  },
)

t.test('409 reservation_mismatch: of a product that no line asks for', async (t) => {
  const { hold, collect } = await counter(8)
  t.match(await collect(5, [await hold(5, 'ffp2')]), { status: 409, body: { code: 'reservation_mismatch' } })
})

t.test('400: what cannot be a code is not tried', async (t) => {
  const { nurse, hold, collect, read } = await counter(82)
  const made = await hold(10)
  for (const pickupCode of ['', '7K3M', '7K3M-9QX', '7K3M-9QXAA', 'UUUU-UUUU', '7K3M-9QX?', 'é7K3M9QX']) {
    const errors = [{ path: 'reservations[0].pickupCode' }]
    t.match(await collect(10, [{ ...made, pickupCode }]), { status: 400, body: { errors } }, pickupCode)
  }
  t.strictSame(await refusalsOn(db, nurse.id), [])
  t.match(await read(made), { status: 'held' })
})

t.test('409 reservation_not_held: one that was cancelled or collected', async (t) => {
  const { nurse, hold, collect, level } = await counter(9)
  const [cancelled, collected] = [await hold(5), await hold(5)]
  must(200, await call('POST', `/v1/reservations/${cancelled.id}/cancellation`, { token: nurse.token }))
  must(201, await collect(5, [collected]))
  for (const [named, status] of [
    [cancelled, 'cancelled'],
    [collected, 'collected'],
  ] as const) {
    const body = { code: 'reservation_not_held', reservation: named.id, reservationStatus: status }
    t.match(await collect(5, [named]), { status: 409, body }, status)
  }
  t.match(await level(), { onHand: 45, held: 0 })
})

t.test('404: a reservation of another pharmacy, or none', async (t) => {
  const { nurse, hold } = await counter(10)
  const elsewhere = await world.pharmacy(11)
  must(201, await world.count(elsewhere, 50))
  const made = await hold(5)
  for (const id of [made.id, seededUuid()]) {
    const reservations = [{ id, pickupCode: made.pickupCode }]
    // Releasing locks the professional's holds everywhere, which brings none of their masks to this counter.
    for (const releaseHolds of [false, true]) {
      t.match(await world.dispense(elsewhere, nurse.id, 5, { reservations, releaseHolds }), {
        status: 404,
        body: { code: 'not_found' },
      })
    }
  }
})

t.test('400: a reservation named twice', async (t) => {
  const { hold, collect } = await counter(12)
  const made = await hold(5)
  t.match(await collect(5, [made, made]), { status: 400, body: { errors: [{ path: 'reservations' }] } })
})

t.test(
  '409 entitlement_held: holds alone stand in the way; releaseHolds cancels them with the hand-over',
  async (t) => {
    const { place, nurse, hold, read, level } = await counter(13)
    const elsewhere = await world.pharmacy(14)
    must(201, await world.count(elsewhere, 50))
    const here = await hold(30)
    const there = must(201, await world.reserve(nurse.token, { quantity: 30, pharmacy: elsewhere.finess })).body
    const refused = await world.dispense(place, nurse.id, 41)
    t.match(refused, { status: 409, body: { code: 'entitlement_held' } })
    // Only what is set aside here gives room and masks both.
    t.strictSame(
      refused.body.holds.map(({ id, quantity }: { id: string; quantity: number }) => [id, quantity]),
      [[here.id, 30]],
    )
    t.notMatch(refused.body.holds, { pickupCode: /./ })
    t.match(await read(here), { status: 'held' })

    const answer = await world.dispense(place, nurse.id, 50, { releaseHolds: true })
    t.match(answer, { status: 201, body: { remaining: [{ quantity: 20 }], flags: [], reservations: [] } })
    t.match(await read(here), { status: 'cancelled', cancellationReason: /./ })
    t.match(await read(there), { status: 'held' })
    t.strictSame(await eventsOn(db, here.id), ['reservation.created', 'reservation.cancelled'])
    t.match(await level(), { onHand: 0, held: 0 }, 'and gives its masks as well')

    const elsewhereToo = await world.dispense(elsewhere, nurse.id, 21, { releaseHolds: true })
    t.match(elsewhereToo, { status: 201, body: { remaining: [{ quantity: 29 }] } })
    t.match(await read(there), { status: 'cancelled' })
    const { items } = (await call('GET', `/v1/pharmacies/${elsewhere.finess}/stock`, { token: elsewhere.token })).body
    t.match(items, [{ onHand: 29, held: 0 }])
  },
)

t.test('releaseHolds cancels what stands in the way of the product asked for, and no other reservation', async (t) => {
  const { place, hold } = await counter(17)
  const nurse = await world.professional(18, { profession: '61' })
  await world.rule({ beneficiaries: [{ profession: '61' }], cap: 18, subCaps: [{ product: 'ffp2', cap: 6 }] })
  const [ffp2, surgical] = [await hold(6, 'ffp2', nurse.token), await hold(6, 'surgical', nurse.token)]
  const lines = [{ product: 'ffp2', quantity: 6 }]
  const refused = await world.dispense(place, nurse.id, 0, { lines })
  t.match(refused, { status: 409, body: { code: 'entitlement_held', holds: [{ id: ffp2.id }] } })
  t.equal(refused.body.holds.length, 1)
  t.match(await world.dispense(place, nurse.id, 0, { lines, releaseHolds: true }), { status: 201, body: { flags: [] } })
  const own = async ({ id }: Hold) => (await call('GET', `/v1/reservations/${id}`, { token: nurse.token })).body.status
  t.strictSame([await own(ffp2), await own(surgical)], ['cancelled', 'held'])
})

t.test('an override is not spent where a release suffices, and releases nothing where it does not', async (t) => {
  const { place, nurse, hold, read } = await counter(19)
  const made = await hold(30)
  const override = { reasonCode: 'emergency' }
  t.equal((await world.count(place, 300)).status, 200)
  t.match(await world.dispense(place, nurse.id, 90, { override }), { status: 409, body: { code: 'entitlement_held' } })
  const beyond = await world.dispense(place, nurse.id, 101, { override, releaseHolds: true })
  t.match(beyond, { status: 201, body: { flags: ['override'] } })
  t.match(await read(made), { status: 'held' })

  const colleague = await world.professional(190)
  const theirs = await hold(30, 'surgical', colleague.token)
  const within = await world.dispense(place, colleague.id, 60, { override, releaseHolds: true })
  t.match(within, { status: 201, body: { flags: [], remaining: [{ quantity: 10 }] } })
  const made2 = await world.dispense(place, colleague.id, 20, { override, releaseHolds: true })
  t.match(made2, { status: 201, body: { flags: [], remaining: [{ quantity: 20 }] } }, 'the hold gave way')
  const { body } = await call('GET', `/v1/reservations/${theirs.id}`, { token: colleague.token })
  t.equal(body.status, 'cancelled')
})

t.test('releaseHolds releases nothing where there is room, and where even that would not be enough', async (t) => {
  const { place, nurse, hold, read } = await counter(15)
  const made = await hold(30)
  t.equal((await world.dispense(place, nurse.id, 20, { releaseHolds: true })).status, 201)
  t.match(await read(made), { status: 'held' })
  t.match(await world.dispense(place, nurse.id, 81, { releaseHolds: true }), {
    status: 409,
    body: { code: 'entitlement_exceeded', remaining: [{ quantity: 80 }] },
  })
  t.match(await read(made), { status: 'held' })
})

t.test('on hand and held are the sums of their movements and holds, and no cap was passed', (t) =>
  invariantsHold(t, db),
)
