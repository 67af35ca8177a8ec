import { readFileSync } from 'node:fs'
import t from 'tap'
import { importOsm } from '../../../src/features/pharmacies/import-osm.ts'
import { pharmaciesFromOsm } from '../../../src/features/pharmacies/osm.ts'
import { OPERATOR } from '../../support/admin-acts.ts'
import { finess } from '../../support/numbers.ts'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const TODAY = '2026-11-29'
const made: unknown = JSON.parse(readFileSync(new URL('../../data/osm-made.geojson', import.meta.url), 'utf8'))

const run = (geojson: unknown) => importOsm(service.db, pharmaciesFromOsm(geojson, TODAY), OPERATOR, () => {})
const read = async (number: string) => (await call('GET', `/v1/pharmacies/${number}`, { token: world.admin })).body

function mapped(number: string, tags: object, geometry: object = { type: 'Point', coordinates: [1.4, 43.6] }): object {
  const properties = { amenity: 'pharmacy', name: 'Pharmacie du Pont', 'ref:FR:FINESS': number, ...tags }
  return { type: 'FeatureCollection', features: [{ type: 'Feature', id: 'node/1', properties, geometry }] }
}

t.test('new pharmacies are active, in the department of their number; an area is placed on its surface', async (t) => {
  const { leftOut: _, ...counts } = await run(made)
  t.strictSame(counts, { created: 1, updated: 0, unchanged: 0 })
  t.match(await read('2A9900016'), {
    name: "Robert'); drop table pharmacies;--",
    territory: 'FR-2A',
    status: 'active',
    openingHours: null,
  })
  const { latitude, longitude } = await read('2A9900016')
  t.ok(latitude > 41.92 && latitude < 41.93 && longitude > 8.73 && longitude < 8.74)
})

t.test('run again, an import changes nothing', async (t) => {
  t.match(await run(made), { created: 0, updated: 0, unchanged: 1 })
})

t.test(
  'places that the database cannot take are left out with the reason, beside those that the file gave',
  async (t) => {
    const { leftOut } = await run(made)
    // Six by the file, and three whose numbers begin with 99, which is no department.
    t.equal(leftOut.length, 9)
    t.match(leftOut.at(-1), { id: /^FINESS 9905000/, reason: /territory/ })
  },
)

t.test('an import updates what it knows, leaves the rest, and never changes status or territory', async (t) => {
  const place = await world.pharmacy(1, { openingHours: 'Mo-Fr 09:00-19:00', phone: '05 00', territory: 'FR-OCC' })
  const before = await read(place.finess)
  must(
    200,
    await call('PUT', `/v1/pharmacies/${place.finess}`, {
      token: world.admin,
      body: { ...withoutAnswers(before), status: 'closed' },
    }),
  )
  t.match(await run(mapped(place.finess, { phone: '+33 5 61' })), { created: 0, updated: 1 })
  t.match(await read(place.finess), {
    name: 'Pharmacie du Pont',
    address: before.address,
    latitude: 43.6,
    longitude: 1.4,
    openingHours: 'Mo-Fr 09:00-19:00',
    phone: '+33 5 61',
    territory: 'FR-OCC',
    status: 'closed',
  })
})

t.test('a pharmacy that the map says is closed stays as it is, and is named while it is active here', async (t) => {
  const place = await world.pharmacy(3)
  const before = await read(place.finess)
  const { leftOut } = await run(mapped(place.finess, { 'disused:amenity': 'pharmacy' }))
  t.match(leftOut, [
    { id: 'node/1', reason: `not active: disused:amenity=pharmacy; FINESS ${place.finess} stays active here` },
  ])
  t.strictSame(await read(place.finess), before)
  const body = { ...withoutAnswers(before), status: 'suspended' }
  must(200, await call('PUT', `/v1/pharmacies/${place.finess}`, { token: world.admin, body }))
  t.match(await run(mapped(place.finess, { disused: 'yes' })), { leftOut: [{ reason: /^not active: disused=yes$/ }] })
})

t.test('the shelves of a pharmacy that is mapped elsewhere move with it', async (t) => {
  const place = await world.pharmacy(2)
  must(201, await world.count(place, 30))
  await run(mapped(place.finess, {}, { type: 'Point', coordinates: [-4.48, 48.39] }))
  const query = 'near=48.39,-4.48&product=surgical&maxDistanceMetres=1000'
  const { items } = (await call('GET', `/v1/pharmacies?${query}`, { token: world.admin })).body
  t.match(items, [{ finess: place.finess, distanceMetres: 0 }])
})

t.test('crooked outlines still give a point: a figure of eight, one without a surface', async (t) => {
  const eight = [
    [1.4, 43.6],
    [1.5, 43.7],
    [1.5, 43.6],
    [1.4, 43.7],
    [1.4, 43.6],
  ]
  const dot = [
    [1.4, 43.6],
    [1.4, 43.6],
    [1.4, 43.6],
    [1.4, 43.6],
  ]
  for (const [index, ring] of [eight, dot].entries()) {
    const number = finess(50 + index)
    const report = await run(mapped(number, {}, { type: 'Polygon', coordinates: [ring] }))
    t.match(report, { created: 1 }, `outline ${index}`)
  }
})

t.test('thousands are put in batch by batch, each told', async (t) => {
  const features = Array.from({ length: 1100 }, (_, n) => ({
    type: 'Feature',
    properties: { amenity: 'pharmacy', 'ref:FR:FINESS': finess(1000 + n) },
    geometry: { type: 'Point', coordinates: [1 + n / 1000, 44] },
  }))
  const told: number[] = []
  const found = pharmaciesFromOsm({ type: 'FeatureCollection', features }, TODAY)
  t.match(await importOsm(service.db, found, OPERATOR, (done) => told.push(done)), { created: 1100, leftOut: [] })
  t.strictSame(told, [500, 1000, 1100])
  t.match(await importOsm(service.db, found, OPERATOR, () => {}), { created: 0, updated: 0, unchanged: 1100 })
})

function withoutAnswers({ finess: _, stock: __, ...body }: Record<string, unknown>): object {
  return body
}
