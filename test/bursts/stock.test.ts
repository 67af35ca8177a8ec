import t from 'tap'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { makeWorld, must } from '../support/world.ts'

// One for all: what is new in each of 40 connections takes longer than the bursts.
const service = await startService(t, {}, { connections: 40 })

t.test('a hundred professionals at once for one mask: one gets it', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 1))
  const nurses = await Promise.all(range(100).map((n) => world.professional(n + 1)))
  const answers = await atOnce(nurses, ({ token }) => world.reserve(token, { quantity: 1, near: world.centre }))
  t.same(tally(answers), { 201: 1, '409 no_stock_in_reach': 99 })
  await invariantsHold(t, service.db)
})

t.test(
  'two hundred at once fill the pharmacies in order of distance, and none is refused while stock is in reach',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 1)
    const places = await Promise.all(range(20).map((n) => world.pharmacy(n + 1)))
    for (const place of places) must(201, await world.count(place, 10))
    const nurses = await Promise.all(range(200).map((n) => world.professional(n + 1)))
    const answers = await atOnce(nurses, ({ token }) => world.reserve(token, { quantity: 1, near: world.centre }))
    t.same(tally(answers), { 201: 200 }, 'as many masks as callers: all are served')
    const found = await service.call(
      'GET',
      `/v1/pharmacies?near=${world.centre.latitude},${world.centre.longitude}&product=surgical`,
      {
        token: world.admin,
      },
    )
    t.same(found.body.items, [], 'and nothing is left')
    await invariantsHold(t, service.db)
  },
)

t.test('the nearest are emptied before the farther ones', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 10, 2)
  const places = await Promise.all(range(20).map((n) => world.pharmacy(n + 1)))
  for (const place of places) must(201, await world.count(place, 10))
  const nurses = await Promise.all(range(95).map((n) => world.professional(n + 1)))
  const answers = await atOnce(nurses, ({ token }) => world.reserve(token, { quantity: 1, near: world.centre }))
  const filled = places.map(({ finess }) => answers.filter(({ body }) => body.pharmacy?.finess === finess).length)
  t.same(filled, [...range(9).map(() => 10), 5, ...range(10).map(() => 0)])
  await invariantsHold(t, service.db)
})

t.test('callers who look from two ends block one another nowhere', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 10, 3)
  const places = await Promise.all(range(10).map((n) => world.pharmacy(n + 1)))
  for (const place of places) must(201, await world.count(place, 10))
  const nurses = await Promise.all(range(100).map((n) => world.professional(n + 1)))
  const farEnd = { ...world.centre, longitude: world.centre.longitude + 11 * 0.0124 }
  const answers = await atOnce(nurses, ({ token }, n) =>
    world.reserve(token, { quantity: 1, near: n % 2 ? world.centre : farEnd }),
  )
  t.same(tally(answers), { 201: 100 })
  await invariantsHold(t, service.db)
})

t.test('a count that races reservations leaves as many holds as fit', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 10, 4)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 40))
  const nurses = await Promise.all(range(60).map((n) => world.professional(n + 1)))
  const [counted, ...answers] = await Promise.all([
    world.count(place, 20),
    ...nurses.map(({ token }) => world.reserve(token, { quantity: 1, pharmacy: place.finess })),
  ])
  t.equal(counted?.status, 200)
  t.notOk(answers.some(({ status }) => status >= 500))
  const stock = await service.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
  t.match(stock.body.items, [{ onHand: 20, held: 20, available: 0 }], 'sixty wanted one of twenty')
  await invariantsHold(t, service.db)
})
