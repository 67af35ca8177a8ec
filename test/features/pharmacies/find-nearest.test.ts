import t from 'tap'
import { sql } from '../../../src/db/sql.ts'
import { startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service, 100)
const nurse = await world.professional(1)
// A kilometre apart each, and the third and fourth at one place.
const stocks = [10, 0, 60, 60, 200]
const places: { finess: string; token: string }[] = []
for (const [index, onHand] of stocks.entries()) {
  const place = await world.pharmacy(index + 1, index === 3 ? { longitude: CENTRE.longitude + 3 * 0.0124 } : {})
  must(201, await world.count(place, onHand))
  places.push(place)
}

const near = `${CENTRE.latitude},${CENTRE.longitude}`
const search = (query: string, token = nurse.token) =>
  call('GET', `/v1/pharmacies?near=${near}&product=surgical${query}`, { token })

/** Which of the pharmacies were found, counted from 1, in their order. */
async function found(query: string): Promise<number[]> {
  const { items } = must(200, await search(query)).body
  return items.map(({ finess }: { finess: string }) => places.findIndex((place) => place.finess === finess) + 1)
}

t.test(
  '200: the nearest with stock come first, equally far ones by number, each with all that it takes to go there',
  async (t) => {
    const { status, body } = await search('')
    t.equal(status, 200)
    t.equal(body.nextCursor, null)
    t.strictSame(Object.keys(body.items[0]).sort(), [
      'address',
      'available',
      'distanceMetres',
      'finess',
      'latitude',
      'longitude',
      'name',
      'observedAt',
      'openingHours',
      'phone',
      'service',
    ])
    t.match(body.items[0], { name: 'Pharmacie 1', available: 10, latitude: CENTRE.latitude, openingHours: null })
    t.strictSame(await found(''), [1, 3, 4, 5])
  },
)

t.test('distances are whole metres on the ellipsoid', async (t) => {
  // N(φ) · cos φ · Δλ with the prime-vertical radius of WGS 84 is 1001.14 m; on a sphere it would be 998.43 m.
  const { items } = (await search('')).body
  t.equal(items[0].distanceMetres, 1001)
})

t.test('the search goes on past pharmacies with too little, and ends at the distance and the limit', async (t) => {
  t.strictSame(await found('&quantity=11'), [3, 4, 5])
  t.strictSame(await found('&quantity=200'), [5])
  t.strictSame(await found('&quantity=201'), [])
  t.strictSame(await found('&maxDistanceMetres=4000'), [1, 3, 4])
  t.strictSame(await found('&limit=2'), [1, 3])
})

t.test('held masks are not available; those of an expired hold are, though no job has run', async (t) => {
  must(201, await world.reserve(nurse.token, { quantity: 10, pharmacy: places[0]?.finess }))
  must(201, await world.reserve(nurse.token, { quantity: 30, pharmacy: places[2]?.finess }))
  t.strictSame(await found(''), [3, 4, 5])
  t.strictSame(await found('&quantity=31'), [4, 5])
  await service.db.execute(
    sql`update reservations set created_at = created_at - interval '2 days', expires_at = clock_timestamp() - interval '1 ms'`,
  )
  t.strictSame(await found(''), [1, 3, 4, 5])
  t.strictSame(await found('&quantity=60'), [3, 4, 5])
  t.strictSame(
    (await search('')).body.items.map(({ available }: { available: number }) => available),
    [10, 60, 60, 200],
  )
})

t.test('suspended and closed pharmacies are passed over, and do not use up the limit', async (t) => {
  const change = (index: number, status: string) =>
    service.db.execute(sql`update pharmacies set status = ${status} where finess = ${places[index]?.finess}`)
  await change(0, 'suspended')
  await change(2, 'closed')
  t.strictSame(await found('&limit=2'), [4, 5])
  await change(0, 'active')
  await change(2, 'active')
})

t.test('400: what is missing, out of range, unknown or not available yet is named', async (t) => {
  for (const [query, path] of [
    [`near=${near}`, 'product'],
    ['product=surgical', 'near'],
    ['product=surgical&near=91,0', 'near'],
    ['product=surgical&near=43.6', 'near'],
    [`near=${near}&product=ffp9`, 'product'],
    [`near=${near}&product=surgical&quantity=0`, 'quantity'],
    [`near=${near}&product=surgical&quantity=1000001`, 'quantity'],
    [`near=${near}&product=surgical&maxDistanceMetres=0`, 'maxDistanceMetres'],
    [`near=${near}&product=surgical&limit=101`, 'limit'],
    [`near=${near}&product=surgical&openAt=2026-11-20T09:30:00Z`, 'openAt'],
  ] as const) {
    const answer = await call('GET', `/v1/pharmacies?${query}`, { token: nurse.token })
    t.match(answer, { status: 400, body: { code: 'invalid_request' } }, query)
    t.match(answer.body.errors[0].path, new RegExp(`^${path}`), query)
  }
})

t.test('401 without a token; every role may search', async (t) => {
  t.equal((await call('GET', `/v1/pharmacies?near=${near}&product=surgical`)).status, 401)
  for (const token of [world.admin, world.regulator, places[1]?.token]) t.equal((await search('', token)).status, 200)
})

t.test('403 for a professional that is suspended', async (t) => {
  const suspended = await world.professional(2, { status: 'suspended' })
  t.match(await search('', suspended.token), { status: 403, body: { code: 'professional_suspended' } })
})

t.test('where a sphere would put another first, the nearest on the ellipsoid is found, at any limit', async (t) => {
  // 9,980 m to the north and 10,000 m to the east, by the radii of the meridian and of the prime vertical here; a
  // sphere, whose radius lies between, makes them 9,988 and 9,973.
  const north = await world.pharmacy(21, { latitude: CENTRE.latitude + 0.089_825, longitude: CENTRE.longitude })
  const east = await world.pharmacy(22, { latitude: CENTRE.latitude, longitude: CENTRE.longitude + 0.123_858 })
  for (const place of [north, east]) must(201, await world.count(place, 5_000))
  const far = async (limit: number) =>
    must(200, await search(`&quantity=5000&limit=${limit}`)).body.items.map((item: { finess: string }) => item.finess)
  t.strictSame(await far(1), [north.finess])
  t.strictSame(await far(2), [north.finess, east.finess])
})

t.test('with bbox: only what a map shows, from its middle outwards', async (t) => {
  const { latitude, longitude } = CENTRE
  const ask = async (box: number[], more = '') =>
    call('GET', `/v1/pharmacies?bbox=${box.join(',')}&product=surgical${more}`, { token: nurse.token })
  const numbers = async (box: number[]) =>
    must(200, await ask(box)).body.items.map(
      ({ finess }: { finess: string }) => places.findIndex((place) => place.finess === finess) + 1,
    )
  const [south, north] = [latitude - 0.01, latitude + 0.01]
  t.strictSame(await numbers([south, longitude + 0.03, north, longitude + 0.07]), [5, 3, 4])
  t.strictSame(await numbers([south, longitude, north, longitude + 0.0124]), [1], 'its edges belong to it')
  t.strictSame(await numbers([latitude + 0.01, longitude, latitude + 0.02, longitude + 0.07]), [])
  const wide = must(200, await ask([latitude - 5, longitude - 5, latitude + 5, longitude + 5])).body
  t.equal(wide.items.length, (await found('&maxDistanceMetres=300000')).length, 'however far the corners are')
  for (const [wrong, path] of [
    ['near=43.6,1.4&bbox=43,1,44,2', 'near'],
    ['', 'near'],
    ['bbox=44,1,43,2', 'bbox'],
    ['bbox=30,1,46,2', 'bbox'],
    ['bbox=43,1,44', 'bbox'],
    ['bbox=43,1,44,2&maxDistanceMetres=5', 'maxDistanceMetres'],
  ]) {
    const refused = await call('GET', `/v1/pharmacies?${wrong}&product=surgical`, { token: nurse.token })
    t.match(refused, { status: 400, body: { errors: [{ path }] } })
  }
})
