import t from 'tap'
import { lockShelves } from '../../../src/store/shelves.ts'
import { onServerOnly } from '../../support/database.ts'
import { invariantsHold } from '../../support/invariants.ts'
import { asOwner, eventsOn } from '../../support/records.ts'
import { startService } from '../../support/service.ts'
import { range, tally } from '../../support/tally.ts'
import { minutesAgo } from '../../support/times.ts'
import { until } from '../../support/until.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'
import { testWrite } from '../../support/writes.ts'

const service = await startService(t)
const { call, db } = service
const world = await makeWorld(service, 100)

type Place = Awaited<ReturnType<typeof world.pharmacy>>
const OPEN = { reservations: true, walkIns: true, liveHolds: 'keep' }
const put = ({ finess, token }: Place, notice: object) =>
  call('PUT', `/v1/pharmacies/${finess}/service`, { token, body: { ...OPEN, ...notice } })
const read = async ({ finess }: Place) =>
  (await call('GET', `/v1/pharmacies/${finess}`, { token: world.regulator })).body.service
const search = async () => {
  const path = `/v1/pharmacies?near=${CENTRE.latitude},${CENTRE.longitude}&product=surgical`
  const { items } = must(200, await call('GET', path, { token: world.regulator })).body
  return Object.fromEntries(
    items.map((each: { finess: string; service: object | null }) => [each.finess, each.service]),
  )
}
/** As if the time until which its notice holds had come. */
const letEnd = ({ finess }: Place) =>
  asOwner(
    db,
    `update pharmacies set service_until = clock_timestamp() - interval '1 second' where finess = '${finess}'`,
  )
const stocked = async (n: number, onHand = 1_000) => {
  const place = await world.pharmacy(n)
  must(201, await world.count(place, onHand))
  return place
}
const close = async (...places: Place[]) => {
  for (const each of places) must(200, await put(each, { reservations: false, walkIns: false }))
}

t.test('200: a notice is shown by the pharmacy and the search until it ends by itself', async (t) => {
  const place = await stocked(1)
  t.equal(await read(place), null)
  const said = {
    ...{ reservations: true, walkIns: false, reason: 'equipment', until: minutesAgo(-60) },
    ...{ handOverHours: 'Mo-Fr 14:00-18:00', note: 'Sonnez à la porte.' },
  }
  const answer = must(200, await put(place, said))
  t.strictSame(answer.body, said)
  t.strictSame(await read(place), said)
  t.strictSame((await search())[place.finess], said)
  t.strictSame(await eventsOn(db, place.finess), ['stock.declared', 'stock.replenished', 'service.changed'])
  const events = `/v1/events?type=service.changed&pharmacy=${place.finess}`
  const { data } = must(200, await call('GET', events, { token: place.token })).body.items[0]
  const { handOverHours: _, note: __, ...told } = said
  t.strictSame(data, { pharmacy: place.finess, ...told })

  const path = `/v1/pharmacies/${place.finess}`
  const tag = String((await call('GET', path, { token: world.regulator })).headers.etag)
  await letEnd(place)
  const later = await call('GET', path, { token: world.regulator, headers: { 'if-none-match': tag } })
  t.match(later, { status: 200, body: { service: null } }, 'and no cache goes on showing it')
  t.equal((await search())[place.finess], null)
  must(200, await put(place, {}))
  t.equal(await read(place), null, 'one that says nothing is none')
  await close(place)
})

t.test(
  '409 reservations_closed: nothing is reserved there until the notice ends, and the nearest is another',
  async (t) => {
    const [near, far] = [await stocked(2), await stocked(3)]
    const nurse = await world.professional(2)
    const nearest = () => world.reserve(nurse.token, { quantity: 1, near: CENTRE })
    const named = () => world.reserve(nurse.token, { quantity: 1, pharmacy: near.finess })
    const until = minutesAgo(-60)
    const first = must(201, await named()).body
    must(200, await put(near, { reservations: false, reason: 'sold_out', until }))
    t.match(await named(), { status: 409, body: { code: 'reservations_closed', until } })
    const second = must(201, await nearest()).body
    t.equal(second.pharmacy.finess, far.finess)
    t.match((await search())[near.finess], { reservations: false, walkIns: true }, 'walk-ins find it still')

    t.equal((await call('GET', `/v1/reservations/${first.id}`, { token: nurse.token })).body.status, 'held', 'kept')
    for (const { id } of [first, second])
      must(200, await call('POST', `/v1/reservations/${id}/cancellation`, { token: nurse.token }))
    await letEnd(near)
    t.equal(must(201, await nearest()).body.pharmacy.finess, near.finess, 'and at once when it is over')
    must(200, await put(near, { reservations: false }))
    t.match(await named(), { status: 409, body: { code: 'reservations_closed', until: null } })
    await close(near, far)
    const none = await nearest()
    t.match(none, { status: 409, body: { code: 'no_stock_in_reach' } })
    t.notOk(near.finess in (await search()), 'where nobody is served, the search does not send anybody')
  },
)

t.test('live holds stay, and can be made smaller, or are cancelled and their masks given back', async (t) => {
  const place = await stocked(4)
  const nurse = await world.professional(4)
  const held = must(201, await world.reserve(nurse.token, { quantity: 5, pharmacy: place.finess })).body
  must(200, await put(place, { reservations: false }))
  const reduction = { token: nurse.token, key: true as const, body: { quantity: 2 } }
  const smaller = must(201, await call('POST', `/v1/reservations/${held.id}/reduction`, reduction)).body
  must(200, await put(place, { reservations: false, reason: 'closed', liveHolds: 'cancel' }))
  const { body } = await call('GET', `/v1/reservations/${smaller.id}`, { token: nurse.token })
  t.match(body, { status: 'cancelled', cancellationReason: 'reservations_closed' })
  t.match(await eventsOn(db, smaller.id), ['reservation.created', 'reservation.cancelled'])
  const { items } = (await call('GET', `/v1/pharmacies/${place.finess}/stock`, { token: place.token })).body
  t.match(items, [{ onHand: 1_000, held: 0, available: 1_000 }])
  t.equal(
    (await world.dispense(place, nurse.id, 1)).status,
    201,
    'whoever stands at the counter is the counter’s to serve',
  )
  await close(place)
  await invariantsHold(t, db)
})

t.test('400: a time that is past, hours that are none, and other mistakes are named', async (t) => {
  const place = await stocked(5)
  for (const [notice, path] of [
    [{ until: minutesAgo(1) }, 'until'],
    [{ handOverHours: 'lundi matin' }, 'handOverHours'],
    [{ handOverHours: 'Mo-Fr 25:00-26:00' }, 'handOverHours'],
    [{ handOverHours: 'Mo-Fr 9-12' }, 'handOverHours'],
    [{ reason: 'holidays' }, 'reason'],
    [{ note: 'x'.repeat(201) }, 'note'],
    [{ liveHolds: undefined }, 'liveHolds'],
    [{ walkIns: 'no' }, 'walkIns'],
  ] as const) {
    const { status, body } = await put(place, notice)
    t.match({ status, errors: body.errors }, { status: 400, errors: [{ path }] }, JSON.stringify(notice))
  }
  for (const handOverHours of ['24/7', 'Mo-Fr 09:00-12:30,14:00-19:00; Sa 09:00-12:00; PH off']) {
    t.match(await put(place, { handOverHours }), { status: 200, body: { handOverHours } })
  }
  const other = await world.pharmacy(6)
  t.equal((await put({ ...other, token: place.token }, {})).status, 403)
  await close(place)
})

t.test('the journal of administration says who put it, and GET may be sent back by an admin', async (t) => {
  const place = await stocked(7)
  must(200, await put(place, { walkIns: false, reason: 'other' }))
  const acts = `/v1/audit/admin-acts?object=${place.finess}`
  const { items } = must(200, await call('GET', acts, { token: world.regulator })).body
  t.match(items[0], {
    act: 'putService',
    by: { role: 'pharmacy' },
    object: { kind: 'pharmacy' },
    after: { takesWalkIns: false },
  })
  const path = `/v1/pharmacies/${place.finess}`
  const { body } = must(200, await call('GET', path, { token: world.admin }))
  must(200, await call('PUT', path, { token: world.admin, body }))
  t.match(await read(place), { walkIns: false }, 'which leaves the notice as it was')
  await close(place)
})

t.test('a notice waits for the reservation that is being made', { skip: onServerOnly }, async (t) => {
  const place = await stocked(8)
  const waiting = `select from pg_locks join pg_stat_activity using (pid) where datname = current_database() and not granted`
  let putting: ReturnType<typeof put> | undefined
  await db.attempt(async (tx) => {
    // As far as one that is being made goes before its COMMIT.
    await lockShelves(tx, [{ pharmacy: place.finess, product: 'surgical' }])
    putting = put(place, { reservations: false })
    const waits = until('the notice does not wait', async () => (await db.foreign(waiting)).rows.length > 0).then(
      () => 'waits',
    )
    t.equal(await Promise.race([putting.then(() => 'was acknowledged'), waits]), 'waits')
  })
  t.match(await putting, { status: 200 })
  await close(place)
})

t.test(
  'none is made once the notice is acknowledged, however many are under way',
  { skip: onServerOnly },
  async (t) => {
    const nurses = await Promise.all(range(40).map((n) => world.professional(100 + n)))
    for (const [nth, liveHolds] of ['keep', 'cancel'].entries()) {
      const [place, other] = [await stocked(10 + 2 * nth), await stocked(11 + 2 * nth)]
      const reserve = (token: string, n: number) =>
        world.reserve(token, { quantity: 1, ...(n % 2 ? { pharmacy: place.finess } : { near: CENTRE }) })
      const held = async () => {
        const all = `/v1/reservations?pharmacy=${place.finess}&limit=100`
        return must(200, await call('GET', all, { token: place.token })).body.items
      }
      // Some are on their way before the notice is sent, some are sent while it is under way, and some after it.
      const before = nurses.map(({ token }, n) => reserve(token, n))
      await before[0]
      const putting = put(place, { reservations: false, liveHolds })
      const meanwhile = nurses.map(({ token }, n) => reserve(token, n + 1))
      must(200, await putting)
      const atOnce = await held()
      const after = await Promise.all(nurses.map(({ token }, n) => reserve(token, n)))
      const answers = await Promise.all([...before, ...meanwhile])
      const ids = (items: { id: string }[]) => items.map(({ id }) => id).sort()
      t.strictSame(ids(await held()), ids(atOnce), 'what there was when it was acknowledged is all that there is')
      t.notOk(after.some(({ status, body }) => status === 201 && body.pharmacy.finess === place.finess))
      t.ok(
        [...answers, ...after].every(({ status }) => status < 500),
        JSON.stringify(tally(answers)),
      )
      const live = atOnce.filter((each: { status: string }) => each.status === 'held')
      if (liveHolds === 'cancel') t.equal(live.length, 0)
      else t.ok(live.length > 0, 'some were made before')
      must(200, await put(other, { reservations: false, walkIns: false, liveHolds: 'cancel' }))
      await close(place)
    }
    await invariantsHold(t, db)
  },
)

const place = await world.pharmacy(9)
const path = `/v1/pharmacies/${place.finess}/service`
await testWrite(t, service, {
  caller: { role: 'pharmacy', subject: 'till', finess: [place.finess] },
  method: 'PUT',
  path,
  body: OPEN,
  other: { path, body: { ...OPEN, walkIns: false } },
  status: 200,
})
