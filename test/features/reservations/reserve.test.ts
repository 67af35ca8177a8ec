import t from 'tap'
import { invariantsHold } from '../../support/invariants.ts'
import { adeli } from '../../support/numbers.ts'
import { daysKept, eventsOn, letExpire, refusalsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { TIME, UUID_V7 } from '../../support/times.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

/** Somewhere of its own for each test, so that no other test's pharmacies are in reach. */
const region = (n: number) => ({ latitude: 44 + n * 2, longitude: 1.444 })
const east = (place: { latitude: number; longitude: number }, km: number) => ({
  ...place,
  longitude: place.longitude + km / (111.32 * Math.cos((place.latitude * Math.PI) / 180)),
})

const onShelf = async ({ finess, token }: { finess: string; token: string }) =>
  (await call('GET', `/v1/pharmacies/${finess}/stock`, { token })).body.items[0]

t.test('201: masks are set aside at a named pharmacy, with all that it takes to collect them', async (t) => {
  const place = await world.pharmacy(1)
  const nurse = await world.professional(1)
  must(201, await world.count(place, 40))
  const answer = await world.reserve(nurse.token, { quantity: 15, pharmacy: place.finess })
  t.equal(answer.status, 201)
  const { id, pickupCode, voucher, label, createdAt, expiresAt, ...rest } = answer.body
  t.match(
    { id, pickupCode, voucher, label, createdAt, expiresAt },
    {
      id: UUID_V7,
      label: /^[A-Z]{2}[2-9]$/,
      pickupCode: /^\S{4,}$/,
      voucher: /^eyJ/,
      createdAt: TIME,
      expiresAt: TIME,
    },
  )
  t.equal(Date.parse(expiresAt) - Date.parse(createdAt), 24 * 3_600_000)
  t.strictSame(rest, {
    product: 'surgical',
    quantity: 15,
    pharmacy: {
      finess: place.finess,
      name: 'Pharmacie 1',
      address: '1 rue de la Paix, 31000 Toulouse',
      latitude: CENTRE.latitude,
      longitude: CENTRE.longitude + 0.0124,
    },
    distanceMetres: 1001,
    status: 'held',
  })
  t.match(await onShelf(place), { onHand: 40, held: 15, available: 25 })
  t.strictSame(await eventsOn(db, id), ['reservation.created'])
})

t.test('201: what a hospital needs is held at the nearest that has it all, among many that have less', async (t) => {
  await world.rule({ beneficiaries: [{ profession: '10' }], cap: 5_000 })
  const near = { latitude: 60, longitude: 1.444 }
  const doctor = { profession: '10', practice: { ...near, territory: 'FR-31' } }
  const stock = [20, 999, 1_000, 5_000]
  const places = await Promise.all(stock.map((_, nth) => world.pharmacy(170 + nth, east(near, 1 + nth))))
  for (const [nth, place] of places.entries()) must(201, await world.count(place, stock[nth] ?? 0))
  let doctors = 170
  for (const [quantity, nth] of [
    [1_000, 2],
    [1_000, 3],
    [127, 1],
    [128, 1],
  ] as const) {
    const { token } = await world.professional(doctors++, doctor)
    const answer = await world.reserve(token, { quantity })
    t.match(answer, { status: 201, body: { quantity, pharmacy: { finess: places[nth]?.finess } } })
  }
})

t.test('201: the last masks of a shelf are told of', async (t) => {
  const place = await world.pharmacy(2)
  const nurse = await world.professional(2)
  must(201, await world.count(place, 10))
  must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: place.finess }))
  t.strictSame(await eventsOn(db, place.finess), ['stock.declared', 'stock.replenished', 'stock.depleted'])
})

t.test('201: without a pharmacy, at the nearest that can serve the whole quantity', async (t) => {
  const here = region(1)
  const [near, far] = [await world.pharmacy(10, east(here, 1)), await world.pharmacy(11, east(here, 5))]
  must(201, await world.count(near, 10))
  must(201, await world.count(far, 50))
  const nurse = await world.professional(10, { practice: { ...here, territory: 'FR-31' } })
  const reserve = (body: object) => world.reserve(nurse.token, body)

  const atPractice = await reserve({ quantity: 11 })
  t.match(
    atPractice,
    { status: 201, body: { pharmacy: { finess: far.finess } } },
    'from the practice, if near is left out',
  )
  t.ok(Math.abs(atPractice.body.distanceMetres - 5000) < 50)
  const fromElsewhere = await reserve({ quantity: 1, near: east(here, 5.5) })
  t.match(fromElsewhere, { status: 201, body: { pharmacy: { finess: far.finess } } })
  t.ok(Math.abs(fromElsewhere.body.distanceMetres - 500) < 10, 'the distance is from where was asked')
  const other = await world.professional(11, { practice: { ...here, territory: 'FR-31' } })
  const nearest = await world.reserve(other.token, { quantity: 10 })
  t.match(nearest, { status: 201, body: { pharmacy: { finess: near.finess } } })
})

t.test('409 no_stock_in_reach: 50,000 m if not said, else as far as was said', async (t) => {
  const here = region(2)
  const place = await world.pharmacy(20, east(here, 60))
  must(201, await world.count(place, 50))
  const nurse = await world.professional(20, { practice: { ...here, territory: 'FR-31' } })
  const refused = await world.reserve(nurse.token, { quantity: 1 })
  t.match(refused, { status: 409, body: { code: 'no_stock_in_reach' } })
  const reached = await world.reserve(nurse.token, { quantity: 1, maxDistanceMetres: 100_000 })
  t.match(reached, { status: 201, body: { pharmacy: { finess: place.finess } } })
  const tooFar = await world.reserve(nurse.token, { quantity: 1, near: east(here, 59), maxDistanceMetres: 900 })
  t.match(tooFar, { status: 409, body: { code: 'no_stock_in_reach' } })
  t.match(await refusalsOn(db, nurse.id), [
    { verb: 'reservation', code: 'no_stock_in_reach', pharmacy: null },
    { verb: 'reservation', code: 'no_stock_in_reach', pharmacy: null },
  ])
})

t.test('409 stock_insufficient: a named pharmacy says what it has available', async (t) => {
  const place = await world.pharmacy(30)
  const [nurse, other] = [await world.professional(30), await world.professional(31)]
  must(201, await world.count(place, 20))
  must(201, await world.reserve(other.token, { quantity: 15, pharmacy: place.finess }))
  const reserve = (quantity: number, pharmacy = place.finess) => world.reserve(nurse.token, { quantity, pharmacy })
  t.match(await reserve(6), { status: 409, body: { code: 'stock_insufficient', available: 5 } })
  const never = await world.pharmacy(31)
  t.match(await reserve(1, never.finess), { status: 409, body: { code: 'stock_insufficient', available: 0 } })
  const suspended = await world.pharmacy(32)
  must(201, await world.count(suspended, 20))
  const put = { name: 'P', address: 'A', ...CENTRE, territory: 'FR-31', status: 'suspended' }
  must(200, await call('PUT', `/v1/pharmacies/${suspended.finess}`, { token: world.admin, body: put }))
  t.match(await reserve(1, suspended.finess), { status: 409, body: { code: 'stock_insufficient', available: 0 } })
  t.equal((await reserve(5)).status, 201)
})

t.test('201: masks of a hold that has expired can be held again, though no job has run', async (t) => {
  const place = await world.pharmacy(33)
  const [nurse, other] = [await world.professional(33), await world.professional(34)]
  must(201, await world.count(place, 20))
  const first = must(201, await world.reserve(other.token, { quantity: 20, pharmacy: place.finess })).body
  await letExpire(db, first.id)
  t.equal((await world.reserve(nurse.token, { quantity: 20, pharmacy: place.finess })).status, 201)
  t.match(await onShelf(place), { held: 20, available: 0 })
  t.strictSame(await eventsOn(db, first.id), ['reservation.created', 'reservation.expired'])
})

t.test('a professional with no practice says where it looks from, or which pharmacy', async (t) => {
  const here = region(3)
  const place = await world.pharmacy(70, east(here, 1))
  must(201, await world.count(place, 20))
  const nurse = await world.professional(70, { practice: undefined })
  t.match(await world.reserve(nurse.token, { quantity: 1 }), { status: 400, body: { errors: [{ path: 'near' }] } })
  t.equal((await world.reserve(nurse.token, { quantity: 1, near: here })).status, 201)
  const named = await world.reserve(nurse.token, { quantity: 1, pharmacy: place.finess })
  t.match(named, { status: 201, body: { distanceMetres: null } })
})

t.test('who has no practice is judged where the masks are held, wherever the search is said to start', async (t) => {
  const beneficiaries = [{ profession: '71' }]
  await world.rule({ beneficiaries, territory: 'FR-974', cap: 5000 })
  const here = await world.rule({ beneficiaries, territory: 'FR-31', cap: 10 })
  const reunion = { latitude: -21.1, longitude: 55.5 }
  await world.pharmacy(72, { ...reunion, territory: 'FR-974' })
  const place = await world.pharmacy(73, east(region(9), 1))
  must(201, await world.count(place, 6000))
  const nomad = await world.professional(73, { practice: undefined, profession: '71' })
  const search = { near: reunion, maxDistanceMetres: 20_000_000 }
  const refused = await world.reserve(nomad.token, { ...search, quantity: 5000 })
  t.match(refused, { status: 409, body: { code: 'entitlement_exceeded', rule: { id: here.id } } })
  t.match(await onShelf(place), { held: 0 }, 'and nothing is set aside')
  t.match(await refusalsOn(db, nomad.id), [{ code: 'entitlement_exceeded', rule: here.id }])
  t.equal((await world.reserve(nomad.token, { ...search, quantity: 10 })).status, 201)

  const body = { professional: nomad.id, identityCheck: { method: 'cps_card' }, releaseHolds: true }
  const lines = [{ product: 'surgical', quantity: 11 }]
  const checked = await call('POST', '/v1/dispensation-checks', { token: place.token, body: { ...body, lines } })
  t.match(checked.body, { decision: 'refuse', code: 'entitlement_exceeded', rule: { id: here.id } })
  t.match(await world.dispense(place, nomad.id, 11), { status: 409, body: { rule: { id: here.id } } })
  t.same((await call('GET', '/v1/entitlements/me', { token: nomad.token })).body.items, [], 'nothing of the country’s')
})

t.test('a person has one count of holds under all its numbers, and national prefixes are taken off', async (t) => {
  const place = await world.pharmacy(80)
  must(201, await world.count(place, 20))
  const nurse = await world.professional(80, { otherIds: [adeli(80)] })
  const bearer = (subject: string) => service.token({ role: 'professional', subject })
  const reserve = (token: string) => world.reserve(token, { quantity: 1, pharmacy: place.finess })
  must(201, await reserve(await bearer(`8${nurse.id}`)))
  must(201, await reserve(await bearer(`0${adeli(80)}`)))
  t.match(await reserve(nurse.token), { status: 409, body: { code: 'too_many_holds' } })
  t.match(await reserve(await bearer(adeli(80))), { status: 409, body: { code: 'too_many_holds' } })
})

t.test('a reservation keeps what every write promises, and its key 30 days', async (t) => {
  const place = await world.pharmacy(93)
  const nurse = await world.professional(93)
  must(201, await world.count(place, 20))
  const body = { product: 'surgical', quantity: 5, pharmacy: place.finess }
  await testWrite(t, service, {
    caller: { role: 'professional', subject: nurse.id },
    method: 'POST',
    path: '/v1/reservations',
    body,
    other: { path: '/v1/reservations', body: { ...body, quantity: 6 } },
    status: 201,
  })
  t.match(await onShelf(place), { held: 5 }, 'the same key had one effect')
  t.strictSame(await daysKept(db, 'once'), [30])
})

t.test('on hand and held are the sums of their movements and holds', (t) => invariantsHold(t, db))
