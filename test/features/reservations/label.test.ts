import t from 'tap'
import { inTransaction } from '../../../src/db/transaction.ts'
import { reservationEffects } from '../../../src/domain/effects.ts'
import { labelsOf } from '../../../src/domain/label.ts'
import { draw, writeEffects } from '../../../src/store/effects.ts'
import { lockShelves } from '../../../src/store/shelves.ts'
import { startService } from '../../support/service.ts'
import { tamper } from '../../support/superuser.ts'
import { atOnce, range } from '../../support/tally.ts'
import { makeWorld, must } from '../../support/world.ts'

const LABEL = /^[ACDEFGHJKLMNPRTUVWXY]{2}[2-79]$/

const service = await startService(t, { MAX_LIVE_HOLDS: 50 })
const { call, db } = service
const world = await makeWorld(service, 1_000)
const place = await world.pharmacy(1)
for (const product of ['surgical', 'ffp2']) must(201, await world.count(place, 1_000, product))
const people = await Promise.all(range(12).map((n) => world.professional(n + 1)))

t.test('reservations made at once at one counter have different labels, which both sides are shown', async (t) => {
  const made = await atOnce(people, ({ token }, n) =>
    world.reserve(token, { quantity: 1, pharmacy: place.finess, product: n % 2 === 0 ? 'surgical' : 'ffp2' }),
  )
  const labels = made.map((answer) => must(201, answer).body.label)
  for (const label of labels) t.match(label, LABEL)
  t.equal(new Set(labels).size, people.length)
  const { items } = must(200, await call('GET', '/v1/reservations?limit=100', { token: place.token })).body
  const told = new Map(items.map(({ id, label }: { id: string; label: string }) => [id, label]))
  for (const [n, { body }] of made.entries()) {
    t.equal(told.get(body.id), body.label)
    const own = await call('GET', `/v1/reservations/${body.id}`, { token: people[n]?.token })
    t.equal(own.body.label, body.label)
  }
})

t.test('a label that somebody else took meanwhile is drawn again, and nothing is held twice', async (t) => {
  const [first] = (await db.foreign(`select label, person_id from reservations where status = 'held' limit 1`))
    .rows as {
    label: string
    person_id: string
  }[]
  if (!first) throw new Error('there are reservations')
  const drawn = [first.label, 'XX9']
  let attempts = 0
  await inTransaction(db, async (tx) => {
    const [shelf] = await lockShelves(tx, [{ pharmacy: place.finess, product: 'surgical' }])
    if (!shelf) throw new Error('there is a shelf')
    const label = drawn[attempts++] ?? null
    const about = { id: draw.id(), personId: first.person_id, pharmacy: place.finess, product: 'surgical', quantity: 1 }
    const held = { pickupCode: 'AAAA-AAAA', distanceMetres: null, from: Date.now(), until: Date.now() + 60_000 }
    writeEffects(tx, reservationEffects({ shelf, expired: [] }, { ...about, ...held, label }))
  })
  t.equal(attempts, 2)
  const { rows } = await db.foreign(`select label from reservations where pickup_code = 'AAAA-AAAA'`)
  t.same(rows, [{ label: 'XX9' }])
})

t.test('where every label is taken, a reservation goes without', async (t) => {
  const full = await world.pharmacy(2)
  must(201, await world.count(full, 100_000))
  const all = [...new Set(labelsOf(Buffer.from(range(5_600).flatMap((n) => [n >> 8, n & 255]))))]
  t.equal(all.length, 2_800)
  const [one, holder] = people
  const values = all.map((label, n) => `('${label}', ${n})`).join()
  await tamper(
    service,
    `insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, label, status, created_at, expires_at)
     select gen_random_uuid(), (select person_id from person_identifiers where identifier = '${holder?.id}'), '${full.finess}', 'surgical', 1, 'CODE-' || n, label, 'held',
       now(), now() + interval '1 hour' from (values ${values}) as t(label, n)`,
    `update stock set held = 2800, version = version + 1 where pharmacy = '${full.finess}'`,
  )
  const made = must(201, await world.reserve(one?.token ?? '', { quantity: 1, pharmacy: full.finess })).body
  t.notOk('label' in made)
})
