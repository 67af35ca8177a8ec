import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { onServerOnly } from '../support/database.ts'
import { invariantsHold } from '../support/invariants.ts'
import { startService } from '../support/service.ts'
import { atOnce, range, tally } from '../support/tally.ts'
import { until } from '../support/until.ts'
import { makeWorld, must } from '../support/world.ts'

// One for all: what is new in each of 40 connections takes longer than the bursts.
const service = await startService(t, {}, { connections: 40 })

const WAITING = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

t.test(
  'a collection that races a cancellation: one of them wins, and the totals hold',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 1_000))
    for (const n of range(20)) {
      const nurse = await world.professional(n)
      const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess }))
      const [collected, cancelled] = await Promise.all([
        world.dispense(place, nurse.id, 5, { reservations: [{ id: hold.id, pickupCode: hold.pickupCode }] }),
        service.call('POST', `/v1/reservations/${hold.id}/cancellation`, { token: nurse.token }),
      ])
      const outcome = `${collected.status} ${cancelled.status}`
      t.ok(['201 409', '409 200'].includes(outcome), outcome)
      const { body: after } = await service.call('GET', `/v1/reservations/${hold.id}`, { token: nurse.token })
      t.equal(after.status, collected.status === 201 ? 'collected' : 'cancelled')
    }
    await invariantsHold(t, service.db)
  },
)

t.test(
  'a collection at the instant of expiry is collected or served as a walk-in, once',
  { skip: onServerOnly },
  async (t) => {
    const service = await startService(t, { HOLD_HOURS: 0.5 / 3600 })
    const world = await makeWorld(service, 10)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 1_000))
    const nurses = await Promise.all(range(30).map((n) => world.professional(n)))
    const answers = await atOnce(nurses, async (nurse, n) => {
      const { body: hold } = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess }))
      // Not a wait for something to happen: the collections are spread over the instant at which the hold ends.
      await wait(Math.max(0, Date.parse(hold.expiresAt) - Date.now() - 30 + n * 2))
      return world.dispense(place, nurse.id, 5, { reservations: [{ id: hold.id, pickupCode: hold.pickupCode }] })
    })
    t.same(tally(answers), { 201: 30 })
    const outcomes = new Set(answers.map(({ body }) => body.reservations[0].outcome))
    t.ok([...outcomes].every((outcome) => outcome === 'collected' || outcome === 'expired'))
    const stock = await service.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
    t.match(stock.body.items, [{ onHand: 850, held: 0, available: 850 }])
    await invariantsHold(t, service.db)
  },
)

t.test('fifty keys, each sent twenty times at once, have fifty effects', { skip: onServerOnly }, async (t) => {
  const world = await makeWorld(service, 10, 1)
  const place = await world.pharmacy(1)
  must(201, await world.count(place, 1_000))
  const nurses = await Promise.all(range(50).map((n) => world.professional(n)))
  const handOver = (nurse: { id: string }) =>
    service.call('POST', '/v1/dispensations', {
      token: place.token,
      key: `hand-over-${nurse.id}`,
      body: {
        professional: nurse.id,
        identityCheck: { method: 'e_cps' },
        lines: [{ product: 'surgical', quantity: 2 }],
      },
    })
  const answers = []
  // Ten keys at a time, since a caller may have 250 requests under way.
  for (const first of [0, 10, 20, 30, 40]) {
    const sends = nurses.slice(first, first + 10).flatMap((nurse) => range(20).map(() => nurse))
    answers.push(...(await atOnce(sends, handOver)))
  }
  const { 201: done = 0, '409 idempotency_in_progress': waiting = 0 } = tally(answers)
  t.equal(done + waiting, 1_000, JSON.stringify(tally(answers)))
  const first = answers.filter(({ status, headers }) => status === 201 && !headers['idempotency-replayed'])
  t.equal(first.length, 50, 'each key has one effect')
  const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id))
  t.equal(ids.size, 50, 'and the replays answer it')
  const stock = await service.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
  t.match(stock.body.items, [{ onHand: 900 }])
  await invariantsHold(t, service.db)
})

t.test(
  'a shelf that somebody has locked is waited for by who may have of it, and by nobody who is refused',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 2)
    const [busy, farther] = [await world.pharmacy(1), await world.pharmacy(2)]
    for (const place of [busy, farther]) must(201, await world.count(place, 100))
    const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
    const session = new pg.Client({ connectionString: service.url })
    await session.connect()
    t.teardown(() => session.end())
    await session.query('begin')
    await session.query('select from stock where pharmacy = $1 for update', [busy.finess])

    for (const where of [{}, { near: world.centre }, { pharmacy: busy.finess }]) {
      const refused = await world.reserve(nurse.token, { quantity: 11, ...where })
      t.match(refused, { status: 409, body: { code: 'entitlement_exceeded' } }, 'while it is locked')
    }
    const waiting = [
      world.reserve(nurse.token, { quantity: 1 }),
      world.reserve(colleague.token, { quantity: 1, pharmacy: busy.finess }),
    ]
    await until('nobody waited', async () => {
      await session.query('select pg_stat_clear_snapshot()')
      return (await session.query(WAITING)).rows.length === waiting.length
    })
    await session.query('commit')
    for (const answer of await Promise.all(waiting)) {
      t.match(answer, { status: 201, body: { pharmacy: { finess: busy.finess } } }, 'not at the next pharmacy')
    }
    await invariantsHold(t, service.db)
  },
)

t.test(
  'all reservations of one shelf cancelled at once from both sides free each mask once',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 3)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 100))
    const nurses = await Promise.all(range(30).map((n) => world.professional(n)))
    const cancellations = await atOnce(nurses, async ({ token }) => {
      const { id } = must(201, await world.reserve(token, { quantity: 2 })).body
      return { id, token }
    })
    const answers = await atOnce([...cancellations, ...cancellations], ({ id, token }, n) =>
      service.call('POST', `/v1/reservations/${id}/cancellation`, {
        token: n % 2 === 0 ? token : place.token,
        body: { reason: 'closed' },
      }),
    )
    t.same(tally(answers), { 200: 60 })
    const stock = await service.call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })
    t.match(stock.body.items, [{ onHand: 100, held: 0, available: 100, version: 61 }])
    await invariantsHold(t, service.db)
  },
)

t.test(
  'reservations that are refused among some that are served keep none of these from the last masks',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 4)
    const place = await world.pharmacy(1)
    must(201, await world.count(place, 20))
    const nurses = await Promise.all(range(60).map((n) => world.professional(n)))
    const answers = await atOnce(nurses, ({ token }, n) =>
      world.reserve(token, { quantity: n % 3 === 0 ? 1 : 11, ...(n % 2 === 0 && { pharmacy: place.finess }) }),
    )
    t.same(tally(answers), { 201: 20, '409 entitlement_exceeded': 40 })
    await invariantsHold(t, service.db)
  },
)

t.test(
  'a shelf that was emptied while a reservation waited for it is seen as it is now, and the next nearest serves',
  { skip: onServerOnly },
  async (t) => {
    const world = await makeWorld(service, 10, 5)
    const [emptied, farther] = [await world.pharmacy(1), await world.pharmacy(2)]
    for (const place of [emptied, farther]) must(201, await world.count(place, 5))
    const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
    const session = new pg.Client({ connectionString: service.url })
    await session.connect()
    t.teardown(() => session.end())
    await session.query('begin')
    await session.query('update stock set held = 1, version = version + 1 where pharmacy = $1', [emptied.finess])

    const waiting = [
      world.reserve(nurse.token, { quantity: 5 }),
      world.reserve(colleague.token, { quantity: 5, pharmacy: emptied.finess }),
    ]
    await until('nobody waited', async () => {
      await session.query('select pg_stat_clear_snapshot()')
      return (await session.query(WAITING)).rows.length === waiting.length
    })
    await session.query('commit')
    const [served, refused] = await Promise.all(waiting)
    t.match(served, { status: 201, body: { pharmacy: { finess: farther.finess } } })
    t.match(refused, { status: 409, body: { code: 'stock_insufficient', available: 4 } })
  },
)
