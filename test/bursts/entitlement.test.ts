import t from 'tap'
import { rows } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

// One for all: what is new in each of 40 connections takes longer than the bursts.
const service = await startService(t, {}, { connections: 40 })

t.test('twenty counters at once cannot spend one entitlement twice', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 100)
  const nurse = await world.professional(1)
  const places = await Promise.all(range(20).map((n) => world.pharmacy(n + 1)))
  for (const place of places) must(201, await world.count(place, 100))
  const [first] = places
  if (!first) throw new Error('there are pharmacies')
  must(201, await world.dispense(first, nurse.id, 10))

  const answers = await atOnce(places, (place) => world.dispense(place, nurse.id, 10))
  t.same(tally(answers), { 201: 9, '409 entitlement_exceeded': 11 })
  const entries = await rows<{ seq: number }>(service.db, 'seqs', sql`select seq from ledger_entries order by seq`)
  t.same(
    entries.map(({ seq }) => seq),
    range(10).map((n) => n + 1),
    'the sequence has no gap',
  )
  for (const { body } of answers.filter(({ status }) => status === 409))
    t.same(body.remaining, [{ product: 'surgical', quantity: 0 }])
  await invariantsHold(t, service.db)
})

t.test(
  'two pharmacies, the last masks of one entitlement: exactly one hands them over',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 1)
    const [a, b] = [await world.pharmacy(1), await world.pharmacy(2)]
    for (const place of [a, b]) must(201, await world.count(place, 1_000))
    for (const n of range(15)) {
      const nurse = await world.professional(n)
      const answers = await atOnce([a, b], (place) => world.dispense(place, nurse.id, 10))
      t.same(tally(answers), { 201: 1, '409 entitlement_exceeded': 1 })
    }
    await invariantsHold(t, service.db)
  },
)

t.test('an entitlement is not held and handed over at the same time', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 10, 2)
  const [a, b] = [await world.pharmacy(1), await world.pharmacy(2)]
  for (const place of [a, b]) must(201, await world.count(place, 1_000))
  for (const n of range(15)) {
    const nurse = await world.professional(n)
    const [held, handed] = await Promise.all([
      world.reserve(nurse.token, { quantity: 10, pharmacy: a.finess }),
      world.dispense(b, nurse.id, 10),
    ])
    const outcome = tally([held, handed])
    t.equal(outcome['201'], 1, JSON.stringify(outcome))
  }
  await invariantsHold(t, service.db)
})

t.test(
  'lines in opposite orders by sixteen callers: no deadlock reaches a caller',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 1_000, 3)
    const place = await world.pharmacy(1)
    for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 10_000, product))
    const nurses = await Promise.all(range(16).map((n) => world.professional(n + 1)))
    const lines = [
      { product: 'surgical', quantity: 1 },
      { product: 'ffp2', quantity: 1 },
    ]
    for (const round of range(10)) {
      const answers = await atOnce(nurses, (nurse, index) =>
        service.call('POST', '/v1/dispensations', {
          token: place.token,
          key: true,
          body: dispensationBody(nurse.id, 1, { lines: (index + round) % 2 === 0 ? lines : lines.toReversed() }),
        }),
      )
      t.same(tally(answers), { 201: 16 })
    }
    await invariantsHold(t, service.db)
  },
)

t.test(
  'tills that take one hand-over back at once give no more back than it gave',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 4)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 100))
    const nurse = await world.professional(1)
    const lines = ['surgical', 'ffp2'].map((product) => ({ product, quantity: 5 }))
    must(201, await world.count(place, 100, 'ffp2'))
    const { id } = must(201, await world.dispense(place, nurse.id, 0, { lines })).body

    // Each product by half of the tills.
    const answers = await atOnce(range(20), (n) =>
      service.call('POST', `/v1/dispensations/${id}/reversal`, {
        token: place.token,
        key: true,
        body: { kind: 'returned', lines: [{ product: n % 2 === 0 ? 'surgical' : 'ffp2', quantity: 1 }] },
      }),
    )
    t.same(tally(answers), { 201: 10, '409 reversal_exceeds_dispensed': 10 })
    const given = answers.filter(({ status }) => status === 201).sort((a, b) => a.body.sequence - b.body.sequence)
    t.same(
      given.map(({ body }) => body.remaining[0].quantity),
      range(10).map((n) => n + 1),
      'each says what is left after it',
    )
    await invariantsHold(t, service.db)
  },
)
