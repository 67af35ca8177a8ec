import t from 'tap'
import type { Queryable } from '../../../src/db/database.ts'
import { sql } from '../../../src/db/sql.ts'
import { metresBetween } from '../../../src/domain/distance.ts'
import { cellsOf } from '../../support/exports.ts'
import { startBeside, startService } from '../../support/service.ts'
import { CENTRE, makeWorld, must } from '../../support/world.ts'

const PATHS = [
  '/open-data/manifest.json',
  '/open-data/stock.geojson',
  '/open-data/stock.csv',
  '/open-data/stock.ndjson',
]
const KOREAN = '/corona19-masks/v1'
const KOREAN_TIME = /^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}$/
// Pharmacies of a world stand a kilometre apart to the east, from one kilometre off the centre.
const EDGES = [0, 1, 2, 29, 30, 99, 100]
const BANDS = ['empty', 'empty', 'few', 'few', 'some', 'some', 'plenty']

const closed = await startService(t)
const world = await makeWorld(closed)
const asked: string[] = []
const service = await startBeside(t, { ...closed, db: counting(), config: { ...closed.config, OPEN_DATA: 'bands' } })
const { call } = service

/** The database, with what is asked of it told. */
function counting() {
  const told = (given: Queryable): Queryable => ({
    execute(query, name) {
      asked.push(name ?? 'a statement')
      return given.execute(query, name)
    },
  })
  const { db } = closed
  return Object.assign(Object.create(db), { readings: told(db.readings), audits: told(db.audits), ...told(db) })
}

const places: { finess: string; token: string }[] = []
for (const [nth, onHand] of EDGES.entries()) {
  const more = nth === 0 ? { name: '=cmd|"Été"', address: '3 rue Saint-Rome, 31000 Saint-Étienne-des-Prés' } : {}
  const place = await world.pharmacy(nth + 1, more)
  must(201, await world.count(place, onHand))
  places.push(place)
}
const finess = places.map((place) => place.finess)
const [silent, suspended, shut] = [await world.pharmacy(8), await world.pharmacy(9), await world.pharmacy(10)]
for (const [place, status] of [[suspended, 'suspended'] as const, [shut, 'closed'] as const]) {
  must(201, await world.count(place, 500))
  const { name, address, latitude, longitude, territory } = must(
    200,
    await closed.call('GET', `/v1/pharmacies/${place.finess}`, { token: world.admin }),
  ).body
  const body = { name, address, latitude, longitude, territory, status }
  must(200, await closed.call('PUT', `/v1/pharmacies/${place.finess}`, { token: world.admin, body }))
}

t.test('nothing is open unless the operator says so', async (t) => {
  for (const path of [...PATHS, `${KOREAN}/storesByGeo/json?lat=43&lng=1`, `${KOREAN}/stores/json`]) {
    t.match(await closed.call('GET', path), { status: 404, body: { code: 'not_found' } }, path)
  }
  t.strictSame(asked, [])
  const first = await Promise.all([...PATHS, ...PATHS].map((path) => call('GET', path)))
  t.strictSame(asked, ['read_open_moment', 'read_open_page'], 'who asks at the same time shares one reading')
  t.match(first[0], {
    status: 200,
    body: {
      output: [
        { type: 'application/geo+json', url: '/open-data/stock.geojson' },
        { type: 'text/csv', url: '/open-data/stock.csv' },
        { type: 'application/x-ndjson', url: '/open-data/stock.ndjson' },
      ],
    },
  })
})

t.test('the three files tell of the same pharmacies in bands, and of none that is suspended or closed', async (t) => {
  const geojson = must(200, await call('GET', '/open-data/stock.geojson')).body
  const lines: object[] = must(200, await call('GET', '/open-data/stock.ndjson'))
    .body.trim()
    .split('\n')
    .map((line: string) => JSON.parse(line))
  const [columns = [], ...cells] = cellsOf(must(200, await call('GET', '/open-data/stock.csv')).body)
  const csv = cells.map((row) => Object.fromEntries(row.map((cell, nth) => [columns[nth] ?? '', cell ?? ''])))
  const features = geojson.features.map(({ geometry, properties }: Feature) => {
    const [longitude, latitude] = geometry.coordinates
    const { stock, ...place } = properties
    return { ...place, latitude, longitude, stock }
  })
  t.same(lines, features)
  t.strictSame(
    csv.map((row) => [row.finess, row.product, row.band, row.observedAt, row.longitude]),
    features.flatMap(({ finess, longitude, stock }: { finess: string; longitude: number; stock: Stock[] }) =>
      stock.map((each) => [finess, each.product, each.band, each.observedAt ?? '', String(longitude)]),
    ),
  )
  t.strictSame(
    features.map(({ finess, stock }: { finess: string; stock: Stock[] }) => [finess, bandOf(stock, 'surgical')]),
    [...finess.map((each, nth) => [each, BANDS[nth]]), [silent.finess, 'unknown']],
  )
  t.strictSame(bandOf(features[0].stock, 'ffp2'), 'unknown', 'a product that was never declared')
  t.notMatch(JSON.stringify(lines), /"(onHand|available|held|quantity)"/, 'never how many')
  t.match(csv[0], { name: '\'=cmd|"Été"' }, 'and no formula')
})

interface Feature {
  geometry: { coordinates: number[] }
  properties: { finess: string; stock: Stock[] }
}

interface Stock {
  product: string
  band: string
  observedAt: string | null
}

function bandOf(stock: Stock[], product: string): string | undefined {
  return stock.find((each) => each.product === product)?.band
}

t.test('a Korean client finds the stores around a place, to the metre', async (t) => {
  const at = (m: number | string, place = CENTRE) =>
    call('GET', `${KOREAN}/storesByGeo/json?lat=${place.latitude}&lng=${place.longitude}&m=${m}`)
  const [{ metres }] = (
    await closed.db.execute(
      sql`select ST_Distance(location, ST_Point(${CENTRE.longitude}, ${CENTRE.latitude}, 4326)::geography) as metres
          from pharmacies where finess = ${finess[3]}`,
    )
  ).rows as [{ metres: number }]
  t.same((await at(Math.floor(metres))).body.count, 3)
  const { count, stores } = must(200, await at(Math.ceil(metres))).body
  t.same([count, stores.length], [4, 4])
  t.match(stores[3], {
    code: finess[3],
    name: 'Pharmacie 4',
    addr: '4 rue de la Paix, 31000 Toulouse',
    type: '01',
    lat: CENTRE.latitude,
    lng: CENTRE.longitude + 4 * 0.0124,
    stock_at: KOREAN_TIME,
    remain_stat: 'few',
    created_at: KOREAN_TIME,
  })
  t.equal(
    (await call('GET', `${KOREAN}/storesByGeo/json?lat=43.6045&lng=1.445`)).body.count,
    1,
    'a kilometre unless said',
  )
  for (const m of [0, 5001, 'far']) t.match(await at(m), { status: 400, body: { errors: [{ path: 'm' }] } })
  t.match(await at(1, { latitude: 91, longitude: 1 }), { status: 400, body: { errors: [{ path: 'lat' }] } })
})

t.test('and those of a town by department or postcode, however they are spelled', async (t) => {
  const at = async (address: string) => {
    const { body } = await call('GET', `${KOREAN}/storesByAddr/json?address=${encodeURIComponent(address)}`)
    t.equal(body.count, body.stores.length)
    return body.stores.map(({ code }: { code: string }) => code)
  }
  for (const address of [
    '31000 Saint-Étienne-des-Prés',
    'ST ETIENNE DES PRES (31)',
    'Haute Garonne, saint étienne-des-prés',
  ])
    t.strictSame(await at(address), [finess[0]], address)
  t.strictSame(await at('Toulouse'), [...finess.slice(1), silent.finess])
  t.strictSame(await at('7 rue de la Paix, 31000 Toulouse'), [finess[6]])
  t.strictSame(await at('rue de la Paix'), [], 'a street alone says no town')
  t.match(await call('GET', `${KOREAN}/storesByAddr/json`), { status: 400, body: { errors: [{ path: 'address' }] } })
})

t.test('and all of them by pages', async (t) => {
  const page = (list: string, nth: number) => call('GET', `${KOREAN}/${list}/json?page=${nth}&perPage=3`)
  const [one, three, four] = [await page('stores', 1), await page('sales', 3), await page('sales', 4)]
  t.match(one.body, { totalPages: 3, totalCount: 8, page: 1, count: 3, storeInfos: [{ code: finess[0] }, {}, {}] })
  t.same(Object.keys(one.body.storeInfos[0]), ['code', 'name', 'addr', 'type', 'lat', 'lng'])
  t.match(three.body, {
    ...{ totalPages: 3, totalCount: 8, page: 3, count: 2 },
    sales: [{ remain_stat: 'plenty' }, { code: silent.finess, stock_at: null, remain_stat: null }],
  })
  t.same(Object.keys(three.body.sales[0]), ['code', 'stock_at', 'remain_stat', 'created_at'])
  t.match(four.body, { page: 4, count: 0, sales: [] })
  t.match(await call('GET', `${KOREAN}/stores/json?perPage=5001`), {
    status: 400,
    body: { errors: [{ path: 'perPage' }] },
  })
})

t.test('who has it already is told so, and nobody’s question costs the database anything', async (t) => {
  const before = asked.length
  t.not(before, 0)
  for (const path of [...PATHS, `${KOREAN}/sales/json`]) {
    const first = await call('GET', path)
    t.match(first.headers, { 'cache-control': 'public, max-age=30', 'access-control-allow-origin': '*' }, path)
    t.ok(Number(first.headers.age) <= 30, 'no older than it says')
    const again = await call('GET', path, { headers: { 'if-none-match': String(first.headers.etag) } })
    t.match(again, { status: 304, body: '', headers: { etag: first.headers.etag } })
  }
  const zipped = await call('GET', '/open-data/stock.csv', { headers: { 'accept-encoding': 'gzip' } })
  t.match(zipped.headers, { 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
  t.equal(asked.length, before)
})

t.test('what is promised is not there for anybody, and the next reading shows it', async (t) => {
  const config = { ...service.config, OPEN_DATA_SECONDS: 0 }
  const fresh = await startBeside(t, { ...closed, config })
  const statOf = async (place = places[6]) => {
    const { sales } = must(200, await fresh.call('GET', `${KOREAN}/sales/json`)).body
    return sales.find(({ code }: { code: string }) => code === place?.finess).remain_stat
  }
  const nurse = await world.professional(1)
  t.equal(await statOf(), 'plenty')
  must(201, await world.reserve(nurse.token, { quantity: 1, pharmacy: finess[6] }))
  t.equal(await statOf(), 'some')
  const told = { walkIns: true, liveHolds: 'keep' }
  const notice = async (body: object) => {
    const path = `/v1/pharmacies/${finess[6]}/service`
    must(200, await fresh.call('PUT', path, { token: places[6]?.token, body: { ...told, ...body } }))
    return statOf()
  }
  t.equal(await notice({ reservations: false, reason: 'equipment' }), 'some', 'a counter that still serves')
  t.equal(await notice({ reservations: false, walkIns: false, reason: 'closed' }), 'break')
  t.equal(await notice({ reservations: true, reason: 'sold_out' }), 'break')
  t.equal(await notice({ reservations: true }), 'some')
  must(200, await world.count(places[0] as (typeof places)[0], 30))
  t.equal(await statOf(places[0]), 'some')
})

t.test('distances are those of PostGIS, to a centimetre within five kilometres, anywhere', async (t) => {
  const pairs = [0, 43.6, -21.1, 48.9, -66.6, 69.9].flatMap((latitude) =>
    [0.03, -0.02].map((north) => [
      { latitude, longitude: 179.99 },
      { latitude: latitude + north, longitude: -179.98 },
    ]),
  )
  for (const [one, other] of pairs) {
    if (!one || !other) continue
    const point = (place: typeof one) =>
      sql`ST_Point(${place.longitude}::float8, ${place.latitude}::float8, 4326)::geography`
    const { rows } = await closed.db.execute(sql`select ST_Distance(${point(one)}, ${point(other)}) as metres`)
    t.ok(Math.abs(metresBetween(one, other) - Number(rows[0]?.metres)) < 0.01, `${one.latitude}`)
  }
})
