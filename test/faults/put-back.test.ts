import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { importOsm } from '../../src/features/pharmacies/import-osm.ts'
import { pharmaciesFromOsm } from '../../src/features/pharmacies/osm.ts'
import { OPERATOR } from '../support/admin-acts.ts'
import { adeli, finess, rpps } from '../support/numbers.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call } = service
const world = await makeWorld(service)
const { admin } = world
const invalid = { status: 400, body: { code: 'invalid_request' } }

const get = async (path: string) => must(200, await call('GET', path, { token: admin })).body
const put = (path: string, body: object) => call('PUT', path, { token: admin, body })

/** Puts in the pharmacies of an export, and returns their numbers. */
async function imported(geojson: unknown): Promise<string[]> {
  const found = pharmaciesFromOsm(geojson, '2026-11-29')
  await importOsm(service.db, found, OPERATOR, () => {})
  return found.pharmacies.map((pharmacy) => pharmacy.finess)
}

const feature = (number: string, tags: object) => ({
  type: 'Feature',
  properties: { amenity: 'pharmacy', 'ref:FR:FINESS': number, ...tags },
  geometry: { type: 'Point', coordinates: [1.4400000000000002, 43.6] },
})

t.test('pharmacies as an import made them can be suspended by what GET says of them', async (t) => {
  const long = '🙂'.repeat(255)
  const address = { 'addr:housenumber': long, 'addr:street': long, 'addr:postcode': long, 'addr:city': long }
  const features = [
    feature(finess(1), {}),
    feature(finess(2), { name: long, ...address }),
    feature(finess(3), { phone: '+33 5 00', opening_hours: 'Mo-Fr 09:00-19:00' }),
  ]
  for (const number of await imported({ type: 'FeatureCollection', features })) {
    const path = `/v1/pharmacies/${number}`
    const said = await get(path)
    t.match(await put(path, said), { status: 200, body: said })
    t.match(await put(path, { ...said, status: 'suspended' }), { status: 200, body: { ...said, status: 'suspended' } })
  }
})

// Real data under its own licence (© OpenStreetMap contributors, ODbL), kept beside the project and not in it.
const niort = fileURLToPath(new URL('../../../shared/data/niort-pharmacies.geojson', import.meta.url))
const skip = existsSync(niort) ? false : 'niort-pharmacies.geojson is not beside the project'

t.test('all 31 pharmacies of a real export can be put back', { skip }, async (t) => {
  const numbers = await imported(JSON.parse(readFileSync(niort, 'utf8')))
  t.equal(numbers.length, 31)
  for (const number of numbers) {
    const said = await get(`/v1/pharmacies/${number}`)
    t.match(await put(`/v1/pharmacies/${number}`, said), { status: 200, body: said }, number)
  }
})

t.test('a pharmacy with stock keeps it, whatever stock is put back', async (t) => {
  const place = await world.pharmacy(11)
  must(201, await world.count(place, 40))
  const path = `/v1/pharmacies/${place.finess}`
  const said = await get(path)
  t.match(said, { stock: [{ available: 40 }] })
  t.match(await put(path, { ...said, stock: [{ ...said.stock[0], available: 7 }] }), { status: 200, body: said })
})

t.test('products, as they are listed, can be put back', async (t) => {
  const packs = [{ gtin: '3400930000007', unitsPerBox: 50 }]
  must(201, await put('/v1/products/boxed', { name: 'Boîte', kind: 'surgical', packs, active: false }))
  const { items } = await get('/v1/products')
  t.equal(items.length, 3)
  for (const said of items) t.match(await put(`/v1/products/${said.code}`, said), { status: 200, body: said })
})

t.test('professionals, as putting them answers, can be put again', async (t) => {
  const practice = { latitude: 43.6, longitude: 1.44, territory: 'FR-31' }
  const person = { profession: '60', familyName: 'Martin', givenName: 'Camille', status: 'active' }
  for (const [n, more] of [{}, { practice, speciality: 'S' }, { otherIds: [adeli(1)] }].entries()) {
    const path = `/v1/professionals/${rpps(n)}`
    const said = must(201, await put(path, { ...person, ...more })).body
    t.match(await put(path, said), { status: 200, body: said })
  }
})

t.test('clients can be put back, with a secret and with keys of their own', async (t) => {
  const jwk = { kty: 'EC', crv: 'P-256', kid: 'k', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }
  const keys = [{ ...jwk, y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }]
  for (const more of [{}, { jwks: { keys } }]) {
    const body = { name: 'Agence', role: 'regulator', territories: ['FR-31'], scopes: ['audit:read'], ...more }
    const { id } = must(201, await call('POST', '/v1/clients', { token: admin, body })).body
    const said = await get(`/v1/clients/${id}`)
    const { updatedAt: _, ...rest } = said
    t.match(await put(`/v1/clients/${id}`, said), { status: 200, body: rest })
    t.match(await put(`/v1/clients/${id}`, { ...said, role: 'admin' }), invalid)
    t.match(await put(`/v1/clients/${id}`, { ...said, id: '0197a000-0000-7000-8000-000000000000' }), invalid)
  }
})

t.test('400: what GET says of another is refused by the name of the field', async (t) => {
  const pharmacy = await get(`/v1/pharmacies/${finess(1)}`)
  t.match(await put(`/v1/pharmacies/${finess(2)}`, pharmacy), { ...invalid, body: { errors: [{ path: 'finess' }] } })
  const [product] = (await get('/v1/products')).items
  t.match(await put('/v1/products/other', product), { ...invalid, body: { errors: [{ path: 'code' }] } })
  const person = { profession: '60', familyName: 'M', givenName: 'C', status: 'active', id: rpps(1) }
  t.match(await put(`/v1/professionals/${rpps(2)}`, person), { ...invalid, body: { errors: [{ path: 'id' }] } })
})
